"""Takes in the results that guests post."""

from __future__ import annotations

import re

from . import fault
from .guest_connection import GuestConnection
from .guest_writes import run_for_guest
from .http_error import HttpError
from .http_parser import Request
from .http_target import query_value
from .request_body import read_body
from .result_files import INLINE_BYTES, ResultFiles
from .result_receiver import ResultReceiver
from .secrets_held import Secrets
from .task_results import find_receiver, finish_with_result
from .writer import Writer

# Bodies that are written to files at once, of one guest: bounds the disk that unfinished ones can take.
MAX_UPLOADS_PER_GUEST = 4

_EXIT_CODE = re.compile(r"-?[0-9]{1,5}")
_DURATION = re.compile(r"[0-9]{1,12}")
_ERROR_KINDS = ("clone-failed", "timed-out", "killed")


class GuestResults:
    def __init__(self, writer: Writer, files: ResultFiles, secrets: Secrets, max_result_bytes: int) -> None:
        self._writer = writer
        self._files = files
        self._secrets = secrets
        self.max_result_bytes = max_result_bytes
        self._uploads: dict[str, int] = {}

    async def take(self, connection: GuestConnection, request: Request) -> None:
        """A result is stored whole or not at all, and answered when it is on the disk."""
        guest, task_id = connection.peer_ip, named_task(request)
        exit_code = _declared_exit_code(request)
        check_length(request, self.max_result_bytes)
        if request.content_length is not None and request.content_length <= INLINE_BYTES:
            await self._receive(connection, request, task_id, exit_code)
            return
        # Nobody fills the disk who has no task.
        await run_for_guest(self._writer, lambda transaction: find_receiver(transaction, guest, task_id))
        if self._uploads.get(guest, 0) >= MAX_UPLOADS_PER_GUEST:
            raise HttpError(503, "Too many results are being sent at once.")
        self._uploads[guest] = self._uploads.get(guest, 0) + 1
        try:
            await self._receive(connection, request, task_id, exit_code)
        finally:
            self._uploads[guest] -= 1
            if not self._uploads[guest]:
                del self._uploads[guest]

    async def _receive(
        self, connection: GuestConnection, request: Request, task_id: str | None, exit_code: int | None
    ) -> None:
        guest, files = connection.peer_ip, self._files
        receiver = ResultReceiver(files, self._secrets.masks(), self.max_result_bytes, exit_code)

        async def feed(data: bytes) -> None:
            await receiver.feed(data)
            fault.point("body-piece")

        try:
            if not await read_body(connection, request, feed):
                return  # Cut off: nothing of it is kept.
            fault.point("result-received")
            received = await receiver.finish()
            result = received._replace(
                error_kind=_declared_error_kind(request), agent_duration_ms=_declared_duration_ms(request)
            )
            await run_for_guest(
                self._writer, lambda transaction: finish_with_result(transaction, guest, task_id, result, files)
            )
            fault.point("result-stored")
        except OSError as error:
            raise HttpError(507, "The result could not be stored.") from error
        finally:
            receiver.discard()
        connection.respond(200, b"stored\n")
        fault.point("result-answered")


def check_length(request: Request, max_bytes: int) -> None:
    """Refuses a body before it is read, where that can be told."""
    if request.content_length is None and not request.is_chunked:
        raise HttpError(411, "The body needs a Content-Length.")
    if request.content_length is not None and request.content_length > max_bytes:
        raise HttpError(413, "The body is too large.")


def named_task(request: Request) -> str | None:
    """The task that a post names, in its query or its header; an empty name is none."""
    in_query = query_value(request.query, "id") or None
    in_header = request.headers.get("x-task-id") or None
    if in_query is not None and in_header is not None and in_query != in_header:
        raise HttpError(400, "The query and X-Task-Id name different tasks.")
    return in_query or in_header


def _declared_exit_code(request: Request) -> int | None:
    text = request.headers.get("x-exit-code")
    if not text:
        return None
    if _EXIT_CODE.fullmatch(text) is None:
        raise HttpError(400, "The X-Exit-Code is not a number.")
    return int(text)


def _declared_error_kind(request: Request) -> str | None:
    """What the guest itself knows of a failure. Other words than ours are no reason to refuse a result."""
    kind = request.headers.get("x-error-kind")
    return kind if kind in _ERROR_KINDS else None


def _declared_duration_ms(request: Request) -> int | None:
    text = request.headers.get("x-duration-ms", "")
    return int(text) if _DURATION.fullmatch(text) else None
