"""Reads from what debootstrap and apt-get print how far they are."""

from __future__ import annotations

import re
import time
from typing import Callable

# A line on Pulumi's display is worth a message twice a second at most.
REPORT_SECONDS = 0.5

_STEPS = [
    (re.compile(r"^(I: Retrieving|Get:\d+ )"), "downloaded"),
    (re.compile(r"^(I: )?Unpacking (?!the )"), "unpacked"),
    (re.compile(r"^(I: Configuring|Setting up) "), "configured"),
]


def count_packages(
    program: str, report: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Callable[[str], None]:
    """A listener to its lines, which reports `debootstrap: 34 packages unpacked`."""
    counts: dict[str, int] = {}
    reported_at = float("-inf")

    def listen(line: str) -> None:
        nonlocal reported_at
        for pattern, verb in _STEPS:
            if pattern.match(line):
                counts[verb] = counts.get(verb, 0) + 1
                if clock() - reported_at >= REPORT_SECONDS:
                    reported_at = clock()
                    packages = "package" if counts[verb] == 1 else "packages"
                    report(f"{program}: {counts[verb]} {packages} {verb}")

    return listen
