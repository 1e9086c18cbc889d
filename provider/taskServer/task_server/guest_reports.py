"""What guests of the newer generation send on top of a result: how the run is going, and parts such as its patch."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from . import transcripts
from .guest_connection import GuestConnection
from .guest_results import check_length, named_task
from .guest_writes import run_for_guest
from .http_error import HttpError
from .http_parser import Request
from .http_target import query_value
from .request_body import read_body, read_short_body
from .result_files import ResultFiles
from .result_receiver import ResultReceiver
from .run_progress import RunProgress
from .secrets_held import Secrets
from .task_parts import find_claimed, keep_part
from .writer import Writer

# Guests post at most 64 KiB at a time, cut at line ends; a single line may be longer.
MAX_PROGRESS_BYTES = 1024 * 1024
_NUMBER = re.compile(r"[0-9]{1,9}")
# Name and largest size; None: as large as a result may be.
PART_LIMITS: dict[str, int | None] = {"stderr": 256 * 1024, "commit": 128, "patch": None}


class GuestReports:
    def __init__(
        self,
        writer: Writer,
        files: ResultFiles,
        secrets: Secrets,
        on_progress: Callable[[str], None],
    ) -> None:
        self._writer = writer
        self._files = files
        self._secrets = secrets
        self._on_progress = on_progress
        self._progress: dict[str, RunProgress] = {}
        self._last_numbers: dict[str, int] = {}

    def progress_of(self, task_id: str) -> dict[str, object]:
        """How a run is going, as far as its guest has said since the server started."""
        progress = self._progress.get(task_id)
        return {} if progress is None else progress.to_json()

    def keep_only(self, task_ids: set[str]) -> None:
        """Forgets how runs went that have ended."""
        for task_id in self._progress.keys() - task_ids:
            del self._progress[task_id]
        for task_id in self._last_numbers.keys() - task_ids:
            del self._last_numbers[task_id]

    async def take_progress(self, connection: GuestConnection, request: Request) -> None:
        task_id = _require_id(request)
        lines = await read_short_body(connection, request, MAX_PROGRESS_BYTES)
        if lines is None:
            return
        guest = connection.peer_ip
        await run_for_guest(self._writer, lambda transaction: find_claimed(transaction, guest, task_id))
        if not self._is_new(task_id, request):
            connection.respond(200, b"noted before\n")
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, transcripts.append, self._files, task_id, lines, self._secrets.masks())
        except OSError as error:
            raise HttpError(507, "The transcript could not be stored.") from error
        if self._progress.setdefault(task_id, RunProgress()).feed(lines):
            self._on_progress(task_id)
        connection.respond(200, b"noted\n")

    def _is_new(self, task_id: str, request: Request) -> bool:
        """Guests number what they tell, and tell it again when they got no answer."""
        text = request.headers.get("x-progress-number", "")
        if _NUMBER.fullmatch(text) is None:
            return True
        number = int(text)
        if number <= self._last_numbers.get(task_id, 0):
            return False
        self._last_numbers[task_id] = number
        return True

    async def take_part(self, connection: GuestConnection, request: Request, max_result_bytes: int) -> None:
        task_id = _require_id(request)
        name = query_value(request.query, "name")
        if name is None or name not in PART_LIMITS:
            raise HttpError(404, "There is no such part.")
        limit = PART_LIMITS[name] or max_result_bytes
        check_length(request, limit)
        guest, files = connection.peer_ip, self._files
        await run_for_guest(self._writer, lambda transaction: find_claimed(transaction, guest, task_id))
        receiver = ResultReceiver(files, self._secrets.masks(), limit, None)
        try:
            if not await read_body(connection, request, receiver.feed):
                return
            part = await receiver.finish()
            await run_for_guest(
                self._writer, lambda transaction: keep_part(transaction, guest, task_id, name, part, files)
            )
        except OSError as error:
            raise HttpError(507, "The part could not be stored.") from error
        finally:
            receiver.discard()
        connection.respond(200, b"stored\n")


def _require_id(request: Request) -> str:
    task_id = named_task(request)
    if task_id is None:
        raise HttpError(400, "The query names no task.")
    return task_id
