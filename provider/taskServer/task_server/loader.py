"""What runs on the host for one command of the provider: deploy, stop or probe a task server.

The provider sends this program and the command over standard input and gets one JSON line back.
"""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

from .refusal import Refusal
from .state_folder import state_root

Command = dict[str, object]


def run_loader(archive: bytes, source: BinaryIO) -> None:
    """Reads the command, carries it out and prints the answer. A command that was cut off does nothing."""
    text = source.readline()
    if not text.endswith(b"\n"):
        return
    try:
        # The state's root goes with each answer: a provider that knows it needs no process here to find the socket.
        answer = {"ok": True, "stateRoot": state_root(), **_carry_out(json.loads(text), archive)}
    except Refusal as refusal:
        answer = refusal.to_json()
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _carry_out(command: Command, archive: bytes) -> dict[str, object]:
    operation = command.get("op")
    if operation == "deploy":
        from .deploy import deploy

        return deploy(command, archive)
    if operation == "stop":
        from .stop import stop

        return stop(command)
    if operation == "probe":
        from .probe import probe

        return probe(command)
    raise Refusal("unknown_op", "the loader does not know that command")
