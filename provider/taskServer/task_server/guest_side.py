"""What guests may ask for on the TAP address: a task, and to have its result stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from . import fault
from .guest_connection import GuestConnection
from .guest_polls import GuestPolls, Poll
from .guest_reports import GuestReports
from .guest_results import GuestResults
from .guest_writes import run_for_guest
from .http_error import HttpError
from .http_parser import Request
from .log import log
from .peers import PeerCheck
from .request_body import read_short_body
from .secrets_held import Secrets
from .sent_marks import SentMarks
from .task_fields import encode_task, wants_fields
from .task_queue import Delivery, NoDelivery, claim, confirm_delivery, return_to_queue
from .writer import Writer

# Guest scripts poll with `curl -m 15`.
HOLD_SECONDS = 10.0
# How long a response that is under way may still be acknowledged once its guest asks again on another connection.
SUPERSEDED_SECONDS = 2.0

# Each costs a few KiB; beyond it the guest that has the most makes room, so that no guest can lock others out.
MAX_CONNECTIONS = 1024
# Bodies of requests that have none by their nature are read past, up to this.
MAX_IGNORED_BODY_BYTES = 64 * 1024

SWEEP_SECONDS = 0.5
CLOSE_SECONDS = 2.0

_ROUTES = {
    "/task": ("GET", "HEAD"),
    "/result": ("POST",),
    "/progress": ("POST",),
    "/part": ("POST",),
    "/healthz": ("GET", "HEAD"),
}


class GuestSide:
    def __init__(
        self,
        writer: Writer,
        sent: SentMarks,
        secrets: Secrets,
        peers: PeerCheck,
        task_env: Callable[[str], dict[str, str] | None],
        results: GuestResults,
        reports: GuestReports,
    ) -> None:
        self._writer = writer
        self._sent = sent
        self._secrets = secrets
        self._peers = peers
        # A task's environment variables, as long as they are known.
        self._task_env = task_env
        self._results = results
        self._reports = reports
        self._connections: dict[GuestConnection, None] = {}
        self._polls = GuestPolls()
        # Counts the tasks that were queued: tells whether one came while a guest was between asking and waiting.
        self._queued_count = 0
        # Guests for which a task is being claimed or is on its way, with the time until which that may last.
        self._serving: dict[str, _Serving] = {}
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
            await self._results.take(connection, request)
        elif request.path == "/progress" and request.method in methods:
            await self._reports.take_progress(connection, request)
        elif request.path == "/part" and request.method in methods:
            await self._reports.take_part(connection, request, self._results.max_result_bytes)
        elif await read_short_body(connection, request, MAX_IGNORED_BODY_BYTES) is None:
            return  # Cut off: it has not asked for anything.
        elif request.method not in methods:
            connection.respond(405, b"That method is not for this address.\n", allow=", ".join(methods))
        elif request.path == "/task" and request.method == "GET":
            await self._give_task(connection, wants_fields(request))
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

    async def _give_task(self, connection: GuestConnection, as_fields: bool) -> None:
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
            await self._deliver(connection, delivery, as_fields)
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
            outcome = await run_for_guest(
                self._writer, lambda transaction: claim(transaction, guest, is_asking, self._sent.has, self._has_env)
            )
        finally:
            if isinstance(outcome, NoDelivery):
                self._end_serving(guest, serving)
        return outcome

    async def _deliver(self, connection: GuestConnection, delivery: Delivery, as_fields: bool) -> None:
        guest = connection.peer_ip
        serving = self._serving[guest]
        is_delivered = False
        try:
            fault.point("claimed")
            is_delivered = not connection.is_over and await self._send_task(connection, delivery, serving, as_fields)
            fault.point("response-sent")
            if is_delivered:
                self._confirm(delivery.task_id)
            else:
                # First, since the next guest may have the task as soon as it is back in the queue.
                self._sent.remove(delivery.task_id)
                await run_for_guest(self._writer, lambda transaction: return_to_queue(transaction, delivery.task_id))
        finally:
            self._end_serving(guest, serving)
            if not is_delivered:
                # Another request of this guest may wait, which was left out while this one was being served.
                self._run_in_background(self._serve_next())

    async def _send_task(
        self, connection: GuestConnection, delivery: Delivery, serving: _Serving, as_fields: bool
    ) -> bool:
        # The only place where the token meets a task.
        task = {"id": delivery.task_id, **delivery.fields, "token": self._secrets.token}
        env = self._task_env(delivery.task_id)
        if env:
            task["env"] = env
        body, content_type = encode_task(task, as_fields)

        def mark_as_sent() -> None:
            self._sent.make(delivery.task_id)

        try:
            connection.respond(200, body, content_type=content_type, before_last_byte=mark_as_sent)
        except OSError as error:
            log(f"a task was not sent to its end: {error}")
            connection.abort()
            return False
        return await connection.is_delivered(serving.is_superseded)

    def _confirm(self, task_id: str) -> None:
        """Nobody waits for it: operations keep their order, and until it is on the disk the mark stands for it."""

        def on_committed(future: asyncio.Future[None]) -> None:
            if not future.cancelled() and future.exception() is None:
                fault.point("delivery-confirmed")
                self._sent.remove(task_id)

        self._writer.run(lambda transaction: confirm_delivery(transaction, task_id)).add_done_callback(on_committed)

    def _has_env(self, task_id: str) -> bool:
        return self._task_env(task_id) is not None

    def _end_serving(self, guest: str, serving: _Serving) -> None:
        if self._serving.get(guest) is serving:
            del self._serving[guest]
        serving.ended.set()

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
