"""Copies of large files: shared with the original where the file system can (reflink), else without their holes."""

from __future__ import annotations

import errno
import fcntl
import os
from typing import Callable

# linux/fs.h; Python has no name for it before 3.14.
FICLONE = 0x40049409

# The kernel copies at most this much in one call, so that a copy can report how far it is.
STEP_BYTES = 64 * 1024 * 1024

# Copies of less are not worth a line of progress.
REPORTED_BYTES = 256 * 1024 * 1024


def copy_file(source: str, target: str, what: str, report: Callable[[str], None]) -> None:
    """Makes `target` anew, with mode 0600. `what` names the file in the progress that is reported."""
    temporary = f"{target}.new"
    with open(source, "rb") as origin:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            _fill(origin.fileno(), descriptor, what, report)
        except BaseException:
            os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)
    os.rename(temporary, target)


def _fill(source: int, target: int, what: str, report: Callable[[str], None]) -> None:
    try:
        fcntl.ioctl(target, FICLONE, source)
        return
    except OSError:
        pass  # Not this file system, or not between these two.
    size = os.fstat(source).st_size
    if size >= REPORTED_BYTES:
        report(f"Copying {what} ({size // 1024**2} MiB)")
    os.ftruncate(target, size)
    position = 0
    while True:
        start = _seek(source, position, os.SEEK_DATA)
        if start is None:
            return
        position = _seek(source, start, os.SEEK_HOLE) or size
        _copy_range(source, target, start, position)


def _seek(descriptor: int, position: int, whence: int) -> int | None:
    """None when there is no data behind the position."""
    try:
        return os.lseek(descriptor, position, whence)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    os.lseek(source, start, os.SEEK_SET)
    os.lseek(target, start, os.SEEK_SET)
    while start < end:
        # In the kernel, and between any two file systems (sendfile(2), Linux 2.6.33).
        count = os.sendfile(target, source, None, min(STEP_BYTES, end - start))
        if count == 0:
            return  # The source was cut meanwhile.
        start += count
