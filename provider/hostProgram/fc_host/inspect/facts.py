"""Reads the small files in which the kernel describes itself, and asks programs of the host."""

from __future__ import annotations

import os
import shutil
import subprocess

# nft lists a large rule set in a fraction of a second.
ANSWER_SECONDS = 10.0

# Where administrators' programs lie; an SSH login of an ordinary user may not have them on its PATH.
_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def read_text(path: str) -> str | None:
    """The text of a file without its last line's end; None where there is none or it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None


def find_program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_FOLDERS]))


def ask_program(argv: list[str]) -> str | None:
    """What a program prints; None where there is none, or where it fails."""
    program = find_program(argv[0])
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else None
