"""What guests may ask for on the TAP address: a task, and to have its result stored."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from typing import TypeVar

from . import fault
from .guest_connection import GuestConnection
from .guest_polls import GuestPolls, Poll
from .http_error import HttpError
from .http_parser import Body, EndOfMessage, Request
from .http_target import query_value
from .log import log
from .peers import PeerCheck
from .refusal import Refusal
from .result_files import INLINE_BYTES, ResultFiles
from .result_receiver import ResultReceiver
from .secrets_held import Secrets
from .sent_marks import SentMarks
from .task_queue import (
    Delivery,
    NoDelivery,
    claim,
    confirm_delivery,
    find_receiver,
    finish_with_result,
    return_to_queue,
)
from .writer import Transaction, Writer

# Guest scripts poll with `curl -m 15`.
HOLD_SECONDS = 10.0
# How long a response that is under way may still be acknowledged once its guest asks again on another connection.
SUPERSEDED_SECONDS = 2.0

# Each costs a few KiB; beyond it the guest that has the most makes room, so that no guest can lock others out.
MAX_CONNECTIONS = 1024
# Bodies that are written to files at once, of one guest: bounds the disk that unfinished ones can take.
MAX_UPLOADS_PER_GUEST = 4
# Bodies of requests that have none by their nature are read past, up to this.
MAX_IGNORED_BODY_BYTES = 64 * 1024

SWEEP_SECONDS = 0.5
CLOSE_SECONDS = 2.0

_EXIT_CODE = re.compile(r"-?[0-9]{1,5}")
_ROUTES = {"/task": ("GET", "HEAD"), "/result": ("POST",), "/healthz": ("GET", "HEAD")}

T = TypeVar("T")


class GuestSide:
    def __init__(
        self,
        writer: Callable[[], Writer],
        files: ResultFiles,
        sent: SentMarks,
        secrets: Secrets,
        peers: PeerCheck,
        max_result_bytes: int,
    ) -> None:
        self._writer = writer
        self._files = files
        self._sent = sent
        self._secrets = secrets
        self._peers = peers
        self.max_result_bytes = max_result_bytes
        self._connections: dict[GuestConnection, None] = {}
        self._polls = GuestPolls()
        # Counts the tasks that were queued: tells whether one came while a guest was between asking and waiting.
        self._queued_count = 0
        # Guests for which a task is being claimed or is on its way, with the time until which that may last.
        self._serving: dict[str, _Serving] = {}
        self._uploads: dict[str, int] = {}
        self._background: set[asyncio.Task[None]] = set()

    # What connections call.

    def admits(self, peer_ip: str) -> bool:
        return self._peers.allows(peer_ip)

    def opened(self, connection: GuestConnection) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            self._make_room()
        self._connections[connection] = None

    def closed(self, connection: GuestConnection) -> None:
        self._connections.pop(connection, None)

    def _make_room(self) -> None:
        """Drops a connection of the guest that has the most: its oldest idle one, or else its oldest."""
        by_guest: dict[str, list[GuestConnection]] = {}
        for connection in self._connections:
            by_guest.setdefault(connection.peer_ip, []).append(connection)
        crowd = max(by_guest.values(), key=len)
        victim = next((held for held in crowd if held.is_idle), crowd[0])
        # Its own end is told to us later; until then it would be dropped again and again.
        del self._connections[victim]
        victim.abort()

    async def handle(self, connection: GuestConnection, request: Request) -> None:
        methods = _ROUTES.get(request.path)
        if methods is None:
            raise HttpError(404, "There is nothing here.")
        if request.path == "/result" and request.method in methods:
            await self._take_result(connection, request)
        elif not await self._skip_body(connection, request):
            return  # Cut off: it has not asked for anything.
        elif request.method not in methods:
            connection.respond(405, b"That method is not for this address.\n", allow=", ".join(methods))
        elif request.path == "/task" and request.method == "GET":
            await self._give_task(connection)
        else:
            connection.respond(200, b"" if request.path == "/task" else b"ok\n")

    # What the worker calls.

    def wake(self, newly_queued: int) -> None:
        """Tasks have been queued: as many guests as there are tasks get one."""
        self._queued_count += newly_queued
        for _ in range(min(newly_queued, len(self._polls))):
            self._run_in_background(self._serve_next())

    def sweep(self, now: float) -> None:
        """Ends connections whose deadline is over."""
        for connection in list(self._connections):
            if connection.deadline is not None and connection.deadline <= now:
                connection.expire()

    def drop_connections(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    async def close(self) -> None:
        """Ends all connections, and waits until what was known of their tasks is queued for the disk."""
        tasks = [connection.task for connection in self._connections]
        self.drop_connections()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)

    @property
    def connection_count(self) -> int:
        return len(self._connections)

    # Tasks.

    async def _give_task(self, connection: GuestConnection) -> None:
        guest = connection.peer_ip
        # Asked while a task is on its way to this guest: which says nothing about a task that it has.
        was_being_served = guest in self._serving
        while guest in self._serving:
            serving = self._serving[guest]
            serving.supersede(asyncio.get_running_loop().time() + SUPERSEDED_SECONDS)
            await serving.ended.wait()
        queued_before = self._queued_count
        outcome: Delivery | NoDelivery = NoDelivery.QUEUE_EMPTY
        try:
            outcome = await self._claim(guest, is_asking=not was_being_served)
        except HttpError as refusal:
            # The disk is full, say: the guest waits. Its script would take an error's text for a task.
            log(f"no task could be claimed: {refusal.message}")
        delivery = outcome if isinstance(outcome, Delivery) else await self._hold(connection, guest, queued_before)
        if delivery is not None:
            await self._deliver(connection, delivery)
        elif not connection.is_over:
            connection.respond(204)

    async def _hold(self, connection: GuestConnection, guest: str, queued_before: int) -> Delivery | None:
        """Waits for a task. With one, the guest is still marked as being served."""
        poll = Poll(guest)
        timer = asyncio.get_running_loop().call_later(HOLD_SECONDS, poll.expire)
        connection.on_over = poll.expire
        if connection.is_over:
            poll.expire()
        self._polls.add(poll)
        if self._queued_count != queued_before:
            # A task was queued when this guest was not yet among those who wait.
            self._run_in_background(self._serve_next())
        try:
            return await poll.answer
        finally:
            timer.cancel()
            connection.on_over = None
            self._polls.discard(poll)

    async def _serve_next(self) -> None:
        """Gives the next task to a guest that waits, trying one after the other."""
        tried: set[str] = set()
        while True:
            poll = self._polls.pick(lambda guest: guest not in tried and guest not in self._serving)
            if poll is None:
                return
            tried.add(poll.guest)
            queued_before = self._queued_count
            outcome: Delivery | NoDelivery = NoDelivery.QUEUE_EMPTY
            try:
                outcome = await self._claim(poll.guest, is_asking=False)
            except HttpError:
                pass  # The disk is full, say: the guest goes on waiting.
            finally:
                if isinstance(outcome, NoDelivery):
                    self._polls.put_back(poll)
            if isinstance(outcome, Delivery):
                poll.answer.set_result(outcome)
                return
            if outcome is NoDelivery.QUEUE_EMPTY:
                if self._queued_count == queued_before:
                    return
                # A task was queued while this guest was not among those who wait.
                tried.discard(poll.guest)

    async def _claim(self, guest: str, is_asking: bool) -> Delivery | NoDelivery:
        """Claims a task and marks the guest as being served; the mark stays when there is a task to deliver."""
        self._serving[guest] = serving = _Serving()
        outcome: Delivery | NoDelivery = NoDelivery.QUEUE_EMPTY
        try:
            outcome = await self._write(lambda transaction: claim(transaction, guest, is_asking, self._sent.has))
        finally:
            if isinstance(outcome, NoDelivery):
                self._end_serving(guest, serving)
        return outcome

    async def _deliver(self, connection: GuestConnection, delivery: Delivery) -> None:
        guest = connection.peer_ip
        serving = self._serving[guest]
        is_delivered = False
        try:
            fault.point("claimed")
            is_delivered = not connection.is_over and await self._send_task(connection, delivery, serving)
            fault.point("response-sent")
            if is_delivered:
                await self._write(lambda transaction: confirm_delivery(transaction, delivery.task_id))
                fault.point("delivery-confirmed")
                self._sent.remove(delivery.task_id)
            else:
                # First, since the next guest may have the task as soon as it is back in the queue.
                self._sent.remove(delivery.task_id)
                await self._write(lambda transaction: return_to_queue(transaction, delivery.task_id))
        finally:
            self._end_serving(guest, serving)
            if not is_delivered:
                # Another request of this guest may wait, which was left out while this one was being served.
                self._run_in_background(self._serve_next())

    async def _send_task(self, connection: GuestConnection, delivery: Delivery, serving: _Serving) -> bool:
        # The only place where the token meets a task.
        task = {"id": delivery.task_id, **delivery.fields, "token": self._secrets.token}
        body = json.dumps(task, ensure_ascii=False, separators=(",", ":")).encode()

        def mark_as_sent() -> None:
            self._sent.make(delivery.task_id)

        try:
            connection.respond(200, body, content_type="application/json", before_last_byte=mark_as_sent)
        except OSError as error:
            log(f"a task was not sent to its end: {error}")
            connection.abort()
            return False
        return await connection.is_delivered(serving.is_superseded)

    def _end_serving(self, guest: str, serving: _Serving) -> None:
        if self._serving.get(guest) is serving:
            del self._serving[guest]
        serving.ended.set()

    # Results.

    async def _take_result(self, connection: GuestConnection, request: Request) -> None:
        task_id = _named_task(request)
        exit_code = _declared_exit_code(request)
        if request.content_length is None and not request.is_chunked:
            raise HttpError(411, "The result needs a Content-Length.")
        if request.content_length is not None and request.content_length > self.max_result_bytes:
            raise HttpError(413, "The result is too large.")
        is_small = request.content_length is not None and request.content_length <= INLINE_BYTES
        if is_small:
            await self._receive(connection, request, task_id, exit_code)
            return
        # Nobody fills the disk who has no task.
        await self._write(lambda transaction: find_receiver(transaction, connection.peer_ip, task_id))
        guest = connection.peer_ip
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
        if request.expects_continue:
            connection.say_continue()
        receiver = ResultReceiver(self._files, self._secrets.masks(), self.max_result_bytes, exit_code)
        try:
            while True:
                connection.expect_body()
                event = await connection.next_event()
                connection.deadline = None
                if event is None:
                    return  # Cut off: nothing of it is kept.
                if isinstance(event, EndOfMessage):
                    break
                if isinstance(event, Body):
                    await receiver.feed(event.data)
                    fault.point("body-piece")
            fault.point("result-received")
            result = await receiver.finish()
            guest, files = connection.peer_ip, self._files
            await self._write(lambda transaction: finish_with_result(transaction, guest, task_id, result, files))
            fault.point("result-stored")
        except OSError as error:
            raise HttpError(507, "The result could not be stored.") from error
        finally:
            receiver.discard()
        connection.respond(200, b"stored\n")
        fault.point("result-answered")

    async def _skip_body(self, connection: GuestConnection, request: Request) -> bool:
        """Reads past a body that means nothing. False when the request was cut off in it."""
        if (request.content_length or 0) > MAX_IGNORED_BODY_BYTES:
            raise HttpError(413, "That request has no body.")
        if request.expects_continue:
            connection.say_continue()
        skipped = 0
        while True:
            connection.expect_body()
            event = await connection.next_event()
            connection.deadline = None
            if event is None or isinstance(event, EndOfMessage):
                return event is not None
            if isinstance(event, Body):
                skipped += len(event.data)
                if skipped > MAX_IGNORED_BODY_BYTES:
                    raise HttpError(413, "That request has no body.")

    async def _write(self, operation: Callable[[Transaction], T]) -> T:
        """An operation on the database, its failure as the guest is to see it. It ends although the guest is gone."""
        try:
            return await asyncio.shield(self._writer().run(operation))
        except Refusal as refusal:
            if refusal.code == "storage":
                raise HttpError(507, "It could not be stored.") from refusal
            raise HttpError(500, "The server has a fault.") from refusal

    def _run_in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


class _Serving:
    """A task is being claimed for a guest, or is on its way to it."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self._until: float | None = None

    def supersede(self, until: float) -> None:
        """The guest asks on another connection: the response that is under way has only until then."""
        if self._until is None:
            self._until = until

    def is_superseded(self) -> bool:
        return self._until is not None and asyncio.get_running_loop().time() >= self._until


def _named_task(request: Request) -> str | None:
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
