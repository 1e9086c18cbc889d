"""What agents' streams are kept in: a file a task, bounded, the token masked."""

from __future__ import annotations

import os
from collections.abc import Iterable

from .masking import Masker
from .result_files import ResultFiles
from .secrets_held import MASK

MAX_BYTES = 16 * 1024 * 1024
PART_NAME = "transcript"
CUT_OFF = b'{"type":"fc-agents","state":"transcript-cut-off"}\n'


def append(files: ResultFiles, task_id: str, lines: bytes, secrets: Iterable[bytes]) -> None:
    """Adds whole lines. A transcript is no result: it is not synced, and what is too long is left out."""
    path = files.path_of_part(task_id, PART_NAME)
    kept = Masker(list(secrets), MASK).feed(lines, is_last=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size >= MAX_BYTES:
            return
        view = memoryview(kept if size + len(kept) < MAX_BYTES else CUT_OFF.ljust(MAX_BYTES - size))
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def size_of(files: ResultFiles, task_id: str) -> int | None:
    try:
        return os.stat(files.path_of_part(task_id, PART_NAME)).st_size
    except OSError:
        return None
