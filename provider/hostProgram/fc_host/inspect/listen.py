"""Listens on a Unix socket of its own for one connection: `inspect.listen`.

Whether sshd forwards sockets cannot be told from its answer to a wrong path: it refuses both in the same words. So
there has to be a socket; its path is reported, and then the caller connects.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from typing import Callable

WAIT_SECONDS = 3.0
GREETING = b"fc-agents\n"


def run(_args: dict[str, object], report: Callable[[str], None]) -> dict[str, object]:
    # Not in the state's folder: looking at a host leaves nothing there.
    folder = tempfile.mkdtemp(prefix="fc-agents-")
    try:
        path = os.path.join(folder, "probe.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(path)
            server.listen(1)
            server.settimeout(WAIT_SECONDS)
            report(path)
            return {"connected": _serve(server)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(server: socket.socket) -> bool:
    try:
        connection, _ = server.accept()
    except socket.timeout:
        return False
    with connection:
        connection.sendall(GREETING)
    return True
