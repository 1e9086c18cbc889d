"""Serves the API and watches QEMU, one thing after the other, as Firecracker does."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable

from .connection import Connection
from .controller import Answer, answer_request
from .http_messages import Request, write_answer
from .micro_vm import RUNNING, MicroVm
from .qemu_process import QemuError
from .request_log import RequestLog

# micro_http's own bound.
MAX_CONNECTIONS = 10
_TOO_MANY = b"Too many open connections"

# From the key press to the restart by the guest's kernel.
_RESTART_SECONDS = 0.1

EXIT_OK = 0
EXIT_ERROR = 1


class ApiServer:
    """`listener` is None for a machine that is run without an API."""

    def __init__(self, vm: MicroVm, listener: socket.socket | None, log: RequestLog, max_body_bytes: int) -> None:
        self._vm = vm
        self._log = log
        self._max_body_bytes = max_body_bytes
        self._selector = selectors.DefaultSelector()
        self._connections: set[Connection] = set()
        self._watches_qemu = False
        self._watched_vsock: socket.socket | None = None
        self._restart_at: float | None = None
        self._exit_code: int | None = None
        if listener is not None:
            listener.setblocking(False)
            self._watch(listener, lambda: self._accept(listener))

    def run(self) -> int:
        """Returns the process's exit code."""
        while self._exit_code is None:
            self._watch_machine()
            for key, mask in self._selector.select(self._plan_restart()):
                if isinstance(key.data, Connection):
                    self._serve(key.data, mask)
                else:
                    key.data()
                if self._exit_code is not None:
                    break
        return self._exit_code

    def _watch(self, source: socket.socket | int, handle: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, handle)

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        if len(self._connections) >= MAX_CONNECTIONS:
            with client:
                try:
                    client.send(write_answer(503, {"error": _TOO_MANY.decode()}))
                except OSError:
                    pass
            return
        connection = Connection(client, self._max_body_bytes)
        self._connections.add(connection)
        self._selector.register(client, selectors.EVENT_READ, connection)

    def _serve(self, connection: Connection, mask: int) -> None:
        is_there = connection.send() if mask & selectors.EVENT_WRITE else connection.receive(self._answer)
        if not is_there:
            self._selector.unregister(connection.client)
            self._connections.discard(connection)
            connection.client.close()
            return
        # No further requests are read before the answers are taken.
        wanted = selectors.EVENT_WRITE if connection.has_unsent else selectors.EVENT_READ
        self._selector.modify(connection.client, wanted, connection)

    def _answer(self, request: Request) -> bytes:
        shown = (
            ""
            if request.path == "/mmds" or not request.body
            else f" with body {request.body.decode('utf-8', 'replace')!r}"
        )
        method = request.method.capitalize()
        self._vm.log.info(f'The API server received a {method} request on "{request.path}"{shown}.')
        try:
            answer = answer_request(self._vm, request)
        except Exception as error:
            # A fault of the double, and the test that meets it should see it as one.
            answer = Answer(500, {"fault_message": f"the double failed: {type(error).__name__}: {error}"})
        self._log.add(request, answer)
        if answer.ends_process:
            self._vm.log.error("Firecracker exiting with error. exit_code=1")
            self._exit_code = EXIT_ERROR
        return write_answer(answer.status, answer.body, answer.is_deprecated)

    def _watch_machine(self) -> None:
        qemu = self._vm.qemu
        if qemu is not None and not self._watches_qemu:
            self._watches_qemu = True
            self._watch(qemu.monitor_fd, self._look_at_qemu)
        vsock = self._vm.vsock_listener
        if vsock is not self._watched_vsock:
            if self._watched_vsock is not None:
                # It is closed already, and select has let go of it; the selector's own list has not.
                self._selector.unregister(self._watched_vsock)
            if vsock is not None:
                self._watch(vsock, lambda: _hang_up(vsock))
            self._watched_vsock = vsock

    def _look_at_qemu(self) -> None:
        qemu = self._vm.running_qemu()
        if qemu.drain_monitor():
            return
        code = qemu.wait()
        if code == 0:
            self._vm.log.info("Vmm is stopping.")
            self._vm.log.info("Firecracker exiting successfully. exit_code=0")
            self._exit_code = EXIT_OK
        else:
            self._vm.log.error(f"Firecracker exiting with error. exit_code=1: {qemu.complaint()}")
            self._exit_code = EXIT_ERROR

    def _plan_restart(self) -> float | None:
        """How long to wait for events: until the guest's kernel restarts, when Ctrl-Alt-Del was pressed."""
        vm = self._vm
        if not vm.is_ending or vm.state != RUNNING or vm.qemu is None:
            return None
        if self._restart_at is None:
            self._restart_at = time.monotonic() + _RESTART_SECONDS
        remaining = self._restart_at - time.monotonic()
        if remaining > 0:
            return remaining
        vm.is_ending = False
        self._restart_at = None
        try:
            vm.qemu.reset()
        except QemuError:
            # It has ended meanwhile.
            pass
        return None


def _hang_up(listener: socket.socket) -> None:
    """As where no guest listens on the port that is asked for."""
    try:
        client, _ = listener.accept()
    except OSError:
        return
    client.close()


def end_machine(vm: MicroVm) -> None:
    if vm.qemu is not None and vm.qemu.poll() is None:
        vm.qemu.kill()
    for descriptor in vm.taps.values():
        os.close(descriptor)
