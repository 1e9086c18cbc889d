"""`ctl`: the control conversation over standard input and output.

Where the server runs, the bytes are passed on to its socket. Where it is stopped, the same requests are answered
from its folder, so that results can still be collected.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys

from .control_call import connect_running
from .refusal import Refusal

PIECE_BYTES = 256 * 1024


def run_ctl(folder: str) -> int:
    try:
        connection = connect_running(folder)
    except Refusal as refusal:
        sys.stdout.write(json.dumps(refusal.to_json()) + "\n")
        return 0
    if connection is None:
        from .offline_server import serve_offline

        return serve_offline(folder)
    connection.settimeout(None)
    _pass_on(connection)
    return 0


def _pass_on(connection: socket.socket) -> None:
    """Until either side ends: the provider has no use for half a conversation."""
    incoming, outgoing = sys.stdin.fileno(), sys.stdout.fileno()
    while True:
        readable, _, _ = select.select([incoming, connection], [], [])
        if incoming in readable:
            data = os.read(incoming, PIECE_BYTES)
            if not data:
                return
            connection.sendall(data)
        if connection in readable:
            data = connection.recv(PIECE_BYTES)
            if not data:
                return
            view = memoryview(data)
            while view:
                view = view[os.write(outgoing, view) :]
