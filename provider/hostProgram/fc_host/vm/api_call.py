"""The few requests to a VM's API that are made on the host itself, where the answer decides what is done there."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
from typing import NamedTuple

ANSWER_BYTES = 65536


class ApiAnswer(NamedTuple):
    status: int
    body: dict[str, object]


def call_api(path: str, method: str, target: str, body: object, seconds: float) -> ApiAnswer | None:
    """None when nobody listens, or nothing that can be read comes back in time."""
    text = "" if body is None else json.dumps(body)
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(text.encode())}\r\n"
    try:
        with _connect(path, seconds) as connection:
            connection.sendall(f"{head}\r\n{text}".encode())
            return _read_answer(connection)
    except (OSError, ValueError):
        return None


def _connect(path: str, seconds: float) -> socket.socket:
    """The socket's folder is the jailed user's: a link there must not lead us to somebody else's socket."""
    found = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(found).st_mode):
            raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK), path)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(seconds)
            # This very file, whatever stands under its name by now.
            connection.connect(f"/proc/self/fd/{found}")
            return connection
        except BaseException:
            connection.close()
            raise
    finally:
        os.close(found)


def _read_answer(connection: socket.socket) -> ApiAnswer:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < ANSWER_BYTES:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < min(int(fields.get("content-length", "0")), ANSWER_BYTES):
        body += _receive(connection)
    value = json.loads(body) if body else {}
    return ApiAnswer(int(lines[0].split(" ")[1]), value if isinstance(value, dict) else {})


def _receive(connection: socket.socket) -> bytes:
    piece = connection.recv(ANSWER_BYTES)
    if not piece:
        raise ValueError("the connection ended within the answer")
    return piece


def describe_instance(path: str, seconds: float) -> dict[str, object] | None:
    """What `GET /` says; None when there is no answer."""
    answer = call_api(path, "GET", "/", None, seconds)
    return answer.body if answer is not None and answer.status == 200 else None


def listens(path: str) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with _connect(path, 1.0):
            return True
    except OSError:
        return False
