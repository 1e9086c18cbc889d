"""Takes the place of fault.py in the archives of the tests: kills the server at the step that it is armed for.

Armed by the file `armed.json` in the server's folder, which goes before the kill: the next worker goes on unharmed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

_ARMED = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "armed.json")


def point(name: str) -> None:
    armed = _read()
    if armed.get("point") != name:
        return
    os.unlink(_ARMED)
    # Long enough for whatever else this process would do meanwhile: an answer that comes too early, say.
    time.sleep(float(armed.get("holdSeconds", "0")))
    if armed["whom"] == "both":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def cut(name: str, data: bytes) -> bytes:
    """Half of the bytes that are about to be sent; the kill at the armed point finds the rest unsent."""
    armed = _read()
    is_meant = armed.get("cut") == name and armed.get("containing", "").encode() in data
    return data[: len(data) // 2] if is_meant else data


def _read() -> dict[str, str]:
    try:
        with open(_ARMED, encoding="utf-8") as file:
            armed: dict[str, str] = json.load(file)
    except FileNotFoundError:
        return {}
    return armed
