"""The process that does the work: guest side, control side and queue in one event loop.

It lives as long as its supervisor does: the channel between the two ends with either of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sys
import time
from functools import partial

from .control_side import MAX_LINE_BYTES, PROTOCOL_VERSION, ControlSession, Request
from .database import DatabaseFile, lock_database, open_database
from .guest_connection import GuestConnection
from .guest_reports import GuestReports
from .guest_results import GuestResults
from .guest_side import SWEEP_SECONDS, GuestSide
from .listener import Listener
from .log import log
from .log_bridge import log_warnings_of
from .peers import PeerCheck
from .refusal import Refusal
from .result_files import ResultFiles
from .secrets_held import Secrets
from .sent_marks import SentMarks
from .server_settings import ServerSettings
from .supervisor import START_FAILED
from .task_parts import find_unfinished
from .task_queue import age_and_purge
from .task_record import iso_time
from .waiters import Waiters, WatchedReader
from .writer import Writer

# Many runs may wait at once, and sshd opens a connection for each; with a short backlog they are refused.
CONTROL_BACKLOG = 512
PURGE_SECONDS = 60.0
# Which of two threads may run is decided this often, in seconds: a commit must not hold a guest up for long.
SWITCH_SECONDS = 0.0005
STOP_SECONDS = 2.0


class Worker:
    """Implements `control_side.Server`."""

    def __init__(self, settings: ServerSettings, channel: socket.socket) -> None:
        self._settings = settings
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._telling = asyncio.Lock()
        self._waiters = Waiters()
        self._secrets = Secrets(settings.token, settings.earlier_tokens)
        self._lock = lock_database(settings.folder)
        connection = open_database(settings.folder)
        self.files = ResultFiles(settings.folder)
        self.files.clean(connection)
        sent = SentMarks(settings.folder)
        sent.clean(connection)
        self._database = DatabaseFile(settings.folder)
        self.writer = Writer(connection, self._loop, self._on_committed, self._database.is_in_place)
        self._peers = PeerCheck(settings.tap_ip)
        self._reports = GuestReports(self.writer, self.files, self._secrets, self._on_progress)
        self._results = GuestResults(self.writer, self.files, self._secrets, settings.max_result_bytes)
        self._guests = GuestSide(
            self.writer,
            sent,
            self._secrets,
            self._peers,
            lambda task_id: self._settings.task_env.get(task_id),
            self._results,
            self._reports,
        )
        self._listener = Listener(
            settings.tap_ip,
            settings.tap_port,
            settings.netns,
            self._peers,
            lambda: GuestConnection(self._guests),
            self._guests.drop_connections,
        )
        self._control: asyncio.AbstractServer | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    can_run_tasks = True

    def describe(self) -> dict[str, object]:
        settings = self._settings
        status: dict[str, object] = {
            "status": "running",
            "pid": os.getppid(),
            "workerPid": os.getpid(),
            "serverVersion": settings.version,
            "protocolVersion": PROTOCOL_VERSION,
            "instanceId": settings.instance_id,
            "owner": settings.owner,
            "startedAt": iso_time(settings.started_at),
            "listening": self._listener.is_listening,
            "rebinds": self._listener.rebinds,
            "connections": self._guests.connection_count,
        }
        if self._listener.error is not None:
            status["listenError"] = self._listener.error
        return status

    async def configure(self, settings: Request) -> None:
        """Takes over token, limits and owner; the supervisor is told too, for the next worker."""
        self._settings.update(settings)
        self._secrets.swap(self._settings.token)
        self._settings.earlier_tokens = self._secrets.all[:-1]
        self._results.max_result_bytes = self._settings.max_result_bytes
        async with self._telling:
            # One after the other, each with what holds then: the supervisor keeps the last one.
            await self._loop.run_in_executor(None, self._channel.sendall, self._settings.to_line())

    def progress_of(self, task_id: str) -> dict[str, object]:
        return self._reports.progress_of(task_id)

    def shut_down(self) -> None:
        self._stopping.set()

    async def start(self, must_listen: bool) -> None:
        """Everything that can go wrong in the beginning does so here, with a reason.

        A worker that starts after a crash goes on without its TAP device: it listens when that is there again.
        """
        await self._open_control()
        if must_listen:
            await self._listener.bind()
        else:
            await self._listener.check()

    async def run(self) -> None:
        """Until the supervisor ends or says so."""
        chores = [self._loop.create_task(chore) for chore in (self._listener.watch(), self._sweep(), self._keep_time())]
        await self._stopping.wait()
        for chore in chores:
            chore.cancel()
        await self.close()

    async def close(self) -> None:
        self._listener.close()
        await self._guests.close()
        if self._control is not None:
            self._control.close()
        for session in list(self._sessions):
            session.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=STOP_SECONDS)
        # What connections and sessions had queued is still written.
        self.writer.close()

    async def _open_control(self) -> None:
        # By way of the folder's descriptor: a socket's path may have 107 bytes, a folder's is longer in some homes.
        folder = os.open(self._settings.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        path = f"/proc/self/fd/{folder}/control.sock"
        try:
            if os.path.lexists(path):
                os.unlink(path)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
            listening.bind(path)
            os.chmod(path, 0o600)
        finally:
            os.close(folder)
        self._control = await self._loop.create_unix_server(self._make_session, sock=listening, backlog=CONTROL_BACKLOG)

    def _make_session(self) -> asyncio.StreamReaderProtocol:
        reader = WatchedReader(MAX_LINE_BYTES)

        def start(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._loop.create_task(ControlSession(self, self._waiters, reader, writer).run())
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)

        return asyncio.StreamReaderProtocol(reader, start)

    def _on_committed(self, changed: list[str], newly_queued: int) -> None:
        self._waiters.wake(changed)
        self._guests.wake(newly_queued)

    def _forget_finished(self, unfinished: set[str]) -> None:
        self._reports.keep_only(unfinished)
        # The supervisor's copy goes with the next change that it is told.
        env = self._settings.task_env
        self._settings.task_env = {task_id: env[task_id] for task_id in env if task_id in unfinished}

    def _on_progress(self, task_id: str) -> None:
        self._waiters.wake([task_id])

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._guests.sweep(self._loop.time())
            if not self._database.is_in_place():
                # Nobody can find or stop this server any more, and it can store nothing: it ends by itself.
                log("the state folder was removed: ending")
                self._stopping.set()

    async def _keep_time(self) -> None:
        """Retention counts the time that the server has been up, by a clock that cannot be set."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(PURGE_SECONDS)
            now = time.monotonic()
            retention = self._settings.retention_hours * 3600
            purge = partial(age_and_purge, elapsed_seconds=now - last, retention_seconds=retention, files=self.files)
            last = now
            try:
                await self.writer.run(purge)
                self._forget_finished(await self.writer.run(find_unfinished))
            except Refusal as refusal:
                log(f"old results could not be removed: {refusal.message}")

    def watch_channel(self) -> None:
        """The supervisor says nothing here; that the channel ends is the message."""

        def on_readable() -> None:
            self._loop.remove_reader(self._channel.fileno())
            self._stopping.set()

        self._loop.add_reader(self._channel.fileno(), on_readable)


def run_worker(settings: ServerSettings, channel: socket.socket, ready: int | None) -> int:
    """Runs to the end and returns the exit code. `ready` gets one JSON line when it works, or cannot."""
    sys.setswitchinterval(SWITCH_SECONDS)
    log_warnings_of("asyncio")
    _raise_file_limit()
    return asyncio.run(_run(settings, channel, ready))


async def _run(settings: ServerSettings, channel: socket.socket, ready: int | None) -> int:
    try:
        worker = Worker(settings, channel)
        worker.watch_channel()
        try:
            await worker.start(must_listen=ready is not None)
        except BaseException:
            await worker.close()
            raise
    except Refusal as refusal:
        log(f"not started: {refusal.message}")
        _tell(ready, refusal.to_json())
        return START_FAILED
    except OSError as error:
        log(f"not started: {error}")
        _tell(ready, Refusal("start", f"the task server could not start: {error.strerror}").to_json())
        return START_FAILED
    _tell(ready, {"ok": True})
    await worker.run()
    return 0


def _tell(ready: int | None, answer: dict[str, object]) -> None:
    if ready is None:
        return
    try:
        os.write(ready, json.dumps(answer).encode() + b"\n")
    except OSError:
        pass  # The loader has been cut off; the server goes on.
    os.close(ready)


def _raise_file_limit() -> None:
    """A login's soft limit of 1024 files would be reached by idle connections alone."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
