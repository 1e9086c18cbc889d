"""QEMU's monitor (docs/interop/qmp-spec): one command at a time, file descriptors as ancillary data."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from typing import Any

# QEMU answers within milliseconds; saving and loading are asked for again and again, each answer as fast.
ANSWER_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.005


class MonitorClosed(Exception):
    """QEMU has ended."""


class MonitorError(Exception):
    """QEMU refuses a command."""


class Monitor:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self.events: list[str] = []

    def greet(self) -> None:
        self._connection.settimeout(ANSWER_TIMEOUT_SECONDS)
        self._receive()
        self.call("qmp_capabilities")

    def call(self, command: str, arguments: dict[str, Any] | None = None, descriptors: Sequence[int] = ()) -> Any:
        line = json.dumps({"execute": command, "arguments": arguments or {}}).encode() + b"\n"
        self._connection.settimeout(ANSWER_TIMEOUT_SECONDS)
        try:
            socket.send_fds(self._connection, [line], list(descriptors))
        except OSError as error:
            raise MonitorClosed(str(error)) from None
        while True:
            message = self._receive()
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise MonitorError(str(message["error"].get("desc")))
            self._take_event(message)

    def wait_while(self, query: str, *statuses: str) -> str:
        """Asks until the query's `status` is another one."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
        while True:
            status = str(self.call(query).get("status"))
            if status not in statuses:
                return status
            if time.monotonic() > deadline:
                raise MonitorError(f"{query}: still {status} after {ANSWER_TIMEOUT_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def fileno(self) -> int:
        return self._connection.fileno()

    def drain(self) -> bool:
        """Takes what has come in by itself; False when QEMU has closed its end."""
        self._connection.settimeout(ANSWER_TIMEOUT_SECONDS)
        try:
            self._take_event(self._receive())
        except MonitorClosed:
            return False
        return True

    def _take_event(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self.events.append(str(message["event"]))

    def _receive(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            try:
                received = self._connection.recv(65536)
            except OSError as error:
                raise MonitorClosed(str(error)) from None
            if not received:
                raise MonitorClosed("QEMU has closed its monitor")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
