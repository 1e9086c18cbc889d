"""The image as a file: whether it is the one that was made, what is in it, and who has it open."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 1024 * 1024
# ext4's superblock begins at 1024; its magic number is at 0x38, its UUID at 0x68 (kernel.org, ext4 disk layout).
SUPERBLOCK = 1024
MAGIC = b"\x53\xef"

IMAGE = "rootfs.ext4"


class Fingerprint(NamedTuple):
    """Enough to see, without reading it, that nobody has written to a file."""

    size: int
    inode: int
    modified_ns: int

    @staticmethod
    def of(path: str) -> Fingerprint | None:
        """None where there is no such file."""
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return Fingerprint(-1, found.st_ino, found.st_mtime_ns)
        return Fingerprint(found.st_size, found.st_ino, found.st_mtime_ns)


def describe_image(path: str) -> dict[str, object]:
    """What the record remembers of an image that was just made."""
    fingerprint = Fingerprint.of(path)
    return {"fingerprint": list(fingerprint or ()), "dataHash": hash_data(path)}


def status_of(folder: str, record: dict[str, object] | None) -> str:
    """`present`, `absent`, or `damaged` when it is another file than the one that was made."""
    path = os.path.join(folder, IMAGE)
    found = Fingerprint.of(path)
    if record is None or "dataHash" not in record or found is None:
        return "absent"
    if list(found) == record.get("fingerprint"):
        return "present" if is_ext4(path) else "damaged"
    # Touched or copied: then its bytes decide.
    if found.size != record.get("sizeBytes") or hash_data(path) != record.get("dataHash"):
        return "damaged"
    return "present"


def is_ext4(path: str) -> bool:
    with open(path, "rb") as file:
        file.seek(SUPERBLOCK + 0x38)
        return file.read(2) == MAGIC


def hash_data(path: str) -> str:
    """SHA-256 over all blocks that are not zero, with their places: holes and zeros count the same."""
    result = hashlib.sha256()
    zeros = bytes(BLOCK)
    with open(path, "rb", buffering=0) as file:
        result.update(str(os.fstat(file.fileno()).st_size).encode())
        for offset in _blocks_with_data(file.fileno()):
            data = os.pread(file.fileno(), BLOCK, offset)
            if data != zeros[: len(data)]:
                result.update(f"\n{offset}\n".encode() + data)
    return result.hexdigest()


def _blocks_with_data(descriptor: int) -> Iterator[int]:
    offset = 0
    while True:
        try:
            start = os.lseek(descriptor, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # Only a hole is left.
            raise
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        offset = max(offset, start // BLOCK * BLOCK)
        while offset < end:
            yield offset
            offset += BLOCK


def find_users(path: str) -> list[str]:
    """Names and pids of the processes that have the file open, or another name of it."""
    try:
        wanted = os.stat(path)
    except FileNotFoundError:
        return []
    users = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                if any(_is_same(entry.path, wanted) for entry in entries):
                    users.append(f"{_name_of(pid)} ({pid})")
        except OSError:
            continue  # It has ended meanwhile.
    return users


def _is_same(path: str, wanted: os.stat_result) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _name_of(pid: str) -> str:
    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        return file.read().strip()
