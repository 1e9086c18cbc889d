"""Bounds a piece of work by a timer of the kernel.

A socket's time-out bounds each read only, and a name's look-up not at all: a server that sends a byte a second, or a
resolver that says nothing, would hold the work for good.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from task_server.refusal import Refusal


@contextmanager
def deadline(seconds: float, what: str, hint: str) -> Iterator[None]:
    """Refuses when the work inside takes longer. Only the main thread may use it, and not one inside another."""

    def expire(_number: int, _frame: object) -> None:
        raise Refusal("timed_out", f"{what} took more than {seconds:g} s", hint)

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
