"""The daemon's parent process: small, holds the token, and starts its worker again when that crashes.

It reads its settings from standard input. The worker tells it of every change over a channel, so that the next
worker starts with the token of now.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import sys
import time

from .log import log
from .process_identity import ProcessIdentity
from .server_settings import ServerSettings
from .state_folder import read_process, write_atomically

# The first worker after a crash starts at once; one that crashes again and again is tried once in this time.
LONGEST_PAUSE_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.05
# A worker that lived this long had worked: it is started again at once, though its host may kill it every minute.
STABLE_SECONDS = 5.0
# What a worker may take to end in order: a commit, and open conversations.
WORKER_STOP_SECONDS = 5.0
MAX_SETTINGS_BYTES = 1024 * 1024
# The exit code of a worker that could not start, and has said why.
START_FAILED = 3


def run_supervisor() -> int:
    """Until SIGTERM. The result is the exit code."""
    message = sys.stdin.buffer.readline()
    if not message:
        return 2
    start = json.loads(message)
    settings = ServerSettings(**start["settings"])
    ready: int = start["ready"]
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    # A core dump would hold the token.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sidecar = os.path.join(settings.folder, "server.pid")
    identity = ProcessIdentity.of_self()
    write_atomically(sidecar, json.dumps(identity.to_json()).encode())
    supervisor = Supervisor(settings, ready)
    try:
        return supervisor.run()
    finally:
        # The folder may have been removed, and another server be there by now.
        if read_process(settings.folder) == identity:
            _unlink(sidecar)
            _unlink(os.path.join(settings.folder, "control.sock"))


class Supervisor:
    def __init__(self, settings: ServerSettings, ready: int) -> None:
        self._settings = settings
        self._ready: int | None = ready
        self._worker_pid = 0
        self._channel: socket.socket | None = None
        self._pending = b""
        # A signal makes this readable, which ends any wait.
        self._wakeup, wakeup_end = socket.socketpair()
        self._wakeup.setblocking(False)
        wakeup_end.setblocking(False)
        self._wakeup_end = wakeup_end
        self._is_stopping = False

    def run(self) -> int:
        signal.set_wakeup_fd(self._wakeup_end.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        pause = FIRST_PAUSE_SECONDS
        is_first = True
        while True:
            started = time.monotonic()
            self._start_worker()
            code = self._attend_worker()
            if self._is_stopping or code == 0:
                return 0
            if is_first and code == START_FAILED:
                return 1
            is_first = False
            lived = time.monotonic() - started
            pause = FIRST_PAUSE_SECONDS if lived >= STABLE_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            log(f"the worker ended ({_describe_end(code)}) after {lived:.1f} s; another one starts in {pause:.2f} s")
            self._sleep(pause)
            if self._is_stopping:
                return 0

    def _on_stop(self, _number: int, _frame: object) -> None:
        self._is_stopping = True

    def _start_worker(self) -> None:
        own, others = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ready, self._ready = self._ready, None
        pid = os.fork()
        if pid == 0:
            own.close()
            self._become_worker(others, ready)
        others.close()
        if ready is not None:
            os.close(ready)
        self._worker_pid = pid
        self._channel = own
        self._pending = b""

    def _become_worker(self, channel: socket.socket, ready: int | None) -> None:
        """Never returns: this is the child."""
        code = 70
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            # A stop is the supervisor's business; a group's or a terminal's signal must not cut a commit short.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._wakeup.close()
            self._wakeup_end.close()
            # Imported in the child only: the supervisor stays small.
            from .worker import run_worker

            code = run_worker(self._settings, channel, ready)
        except BaseException as error:
            log(f"the worker failed: {error!r}")
            import traceback

            for line in traceback.format_exc().splitlines():
                log(line)
        finally:
            os._exit(code)

    def _attend_worker(self) -> int:
        """Until the worker has ended; returns its wait status as an exit code, negative for a signal."""
        assert self._channel is not None
        deadline: float | None = None
        is_killed = False
        while True:
            pid, status = os.waitpid(self._worker_pid, os.WNOHANG)
            if pid:
                self._drain_channel()
                self._channel.close()
                self._worker_pid = 0
                return os.waitstatus_to_exitcode(status)
            now = time.monotonic()
            if self._is_stopping and deadline is None:
                deadline = now + WORKER_STOP_SECONDS
                # The end of the channel is the sign to end in order.
                self._channel.shutdown(socket.SHUT_RDWR)
            if deadline is not None and now >= deadline and not is_killed:
                is_killed = True
                os.kill(self._worker_pid, signal.SIGKILL)
            self._wait(None if deadline is None or is_killed else max(0.0, deadline - now), deadline is None)

    def _wait(self, seconds: float | None, with_channel: bool) -> None:
        readable: list[socket.socket] = [self._wakeup]
        if with_channel and self._channel is not None:
            readable.append(self._channel)
        found, _, _ = select.select(readable, [], [], seconds)
        if self._wakeup in found:
            _drain(self._wakeup)
        if self._channel in found and not self._read_channel():
            # The worker is about to end; its SIGCHLD comes next, so the channel need not be looked at any more.
            self._sleep(0.01)

    def _read_channel(self) -> bool:
        assert self._channel is not None
        data = self._channel.recv(65536)
        self._pending += data
        *lines, self._pending = self._pending.split(b"\n")
        if lines:
            self._settings = ServerSettings.from_line(lines[-1])
        if len(self._pending) > MAX_SETTINGS_BYTES:
            self._pending = b""
        return bool(data)

    def _drain_channel(self) -> None:
        """Takes in what the worker said in its last moments: a token that was swapped, say."""
        assert self._channel is not None
        self._channel.setblocking(False)
        try:
            while self._read_channel():
                pass
        except OSError:
            pass

    def _sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._is_stopping:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            found, _, _ = select.select([self._wakeup], [], [], remaining)
            if found:
                _drain(self._wakeup)


def _drain(source: socket.socket) -> None:
    try:
        while source.recv(4096):
            pass
    except BlockingIOError:
        pass


def _describe_end(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
