"""Takes the place of fault.py in the archives of the tests: the wall clock of this process is off by what a file says.

The file `clock` in the server's folder holds seconds. Only the wall clock is shifted, as by somebody who sets it.
"""

from __future__ import annotations

import os
import sys
import time

_FILE = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "clock")
_true_time = time.time


def _shifted_time() -> float:
    try:
        with open(_FILE, encoding="ascii") as file:
            return _true_time() + float(file.read())
    except FileNotFoundError:
        return _true_time()


time.time = _shifted_time


def point(_name: str) -> None:
    """No step is of interest here."""


def cut(_name: str, data: bytes) -> bytes:
    return data
