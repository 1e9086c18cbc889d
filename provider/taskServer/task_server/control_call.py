"""One request to a running server's control socket, from another process on the host."""

from __future__ import annotations

import json
import os
import socket
import time

from .refusal import Refusal
from .state_folder import read_log_tail, read_process

CALL_SECONDS = 10.0
# What a worker takes to start again after a crash; the supervisor's pauses after many of them are longer.
RESTART_SECONDS = 2.0
RESTART_POLL_SECONDS = 0.02


def connect_control(folder: str) -> socket.socket:
    """By way of the folder's descriptor, since a socket's path may have 107 bytes only."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        connection.settimeout(CALL_SECONDS)
        connection.connect(f"/proc/self/fd/{descriptor}/control.sock")
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(descriptor)
    return connection


def connect_running(folder: str) -> socket.socket | None:
    """Waits for a server whose worker is being started again; None where no server runs."""
    deadline = time.monotonic() + RESTART_SECONDS
    while True:
        try:
            return connect_control(folder)
        except OSError as error:
            if read_process(folder) is None:
                return None
            if time.monotonic() >= deadline:
                raise Refusal(
                    "not_answering",
                    f"the task server runs, but its control socket does not answer ({error.strerror})",
                    log_tail=read_log_tail(folder),
                ) from error
        time.sleep(RESTART_POLL_SECONDS)


class ControlCall:
    """A conversation of single requests."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = self._connection.makefile("rb")

    def ask(self, operation: str, **parameters: object) -> dict[str, object]:
        request = {"v": 1, "op": operation, **parameters}
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        line = self._lines.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the control socket closed")
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ConnectionResetError("the control socket sent no object")
        if answer.get("ok") is not True:
            error = answer.get("error")
            details = error if isinstance(error, dict) else {}
            raise Refusal(
                str(details.get("code")),
                str(details.get("message")),
                details.get("hint"),
                details.get("logTail"),
            )
        return answer

    def close(self) -> None:
        self._lines.close()
        self._connection.close()

    def __enter__(self) -> ControlCall:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
