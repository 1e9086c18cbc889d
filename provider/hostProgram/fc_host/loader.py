"""Carries out one command of the provider: `{"op": "<topic>.<verb>", "args": {…}}` on standard input.

The operation is the function `run(args, report)` of the module `fc_host.<topic>.<verb>`. While it works it may report
steps, each a JSON line `{"progress": …}`; its answer is the last line.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from typing import BinaryIO, Callable, cast

from task_server.refusal import Refusal
from task_server.state_folder import state_root

Args = dict[str, object]
Report = Callable[[str], None]

_OPERATION = re.compile(r"([a-z]+)\.([a-z_]+)")


def run_loader(_archive: bytes, source: BinaryIO) -> None:
    """Reads the command, carries it out and prints the answer. A command that was cut off does nothing."""
    text = source.readline()
    if not text.endswith(b"\n"):
        return
    try:
        command = json.loads(text)
        operation = _find_operation(command.get("op"))
        answer = {"ok": True, "stateRoot": state_root(), **operation(command["args"], _report)}
    except Refusal as refusal:
        answer = refusal.to_json()
    _print(answer)


def _find_operation(name: object) -> Callable[[Args, Report], Args]:
    match = _OPERATION.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise Refusal("unknown_op", "the host program does not know that command")
    module = importlib.import_module(f"fc_host.{match[1]}.{match[2]}")
    return cast("Callable[[Args, Report], Args]", module.run)


def _report(text: str) -> None:
    _print({"progress": text})


def _print(value: Args) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
