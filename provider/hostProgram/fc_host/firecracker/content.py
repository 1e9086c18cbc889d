"""Writes bytes that come from elsewhere to a file beside its place, and knows their hash then."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Callable, NamedTuple, Protocol

from task_server.refusal import Refusal
from task_server.state_folder import folder_errors

Report = Callable[[str], None]

CHUNK_BYTES = 256 * 1024
# A line every so many seconds is enough for a person to see that it goes on.
REPORT_SECONDS = 1.0
MIB = 1024 * 1024


class Reader(Protocol):
    """Anything that bytes can be read from: a response, standard input, a file in an archive."""

    def read(self, size: int, /) -> bytes: ...


class Written(NamedTuple):
    sha256: str
    size: int


class Progress(NamedTuple):
    """What is said of a transfer while it lasts."""

    what: str
    # None where nobody knows how much will come.
    total: int | None
    report: Report

    def show(self, size: int) -> None:
        share = "" if not self.total else f" of {self.total / MIB:.1f}"
        self.report(f"{self.what}: {size / MIB:.1f}{share} MiB")


def write_content(path: str, source: Reader, limit: int, progress: Progress, mode: int = 0o600) -> Written:
    """Writes all that the source has, at most `limit` bytes, and syncs it. The caller removes the file on failure."""
    digest = hashlib.sha256()
    size = 0
    shown_at = time.monotonic()
    with folder_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        while True:
            chunk = source.read(CHUNK_BYTES)
            if not chunk:
                break
            size += len(chunk)
            if size > limit:
                raise Refusal("too_large", f"{progress.what}: it is larger than {limit // MIB} MiB")
            digest.update(chunk)
            with folder_errors(path):
                _write_all(descriptor, chunk)
            if time.monotonic() - shown_at >= REPORT_SECONDS:
                shown_at = time.monotonic()
                progress.show(size)
        with folder_errors(path):
            os.fchmod(descriptor, mode)  # The umask may have taken some of it away.
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Written(digest.hexdigest(), size)


def require_sha256(what: str, expected: str, found: str) -> None:
    if expected == found:
        return
    raise Refusal(
        "wrong_sha256",
        f"{what} has the SHA-256 sum {found}, and {expected} was expected; nothing of it was used",
        "Check that the version and the sum belong together, and where the file comes from.",
    )


def hash_file(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            chunk = file.read(CHUNK_BYTES)
            if not chunk:
                return digest.hexdigest()
            digest.update(chunk)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
