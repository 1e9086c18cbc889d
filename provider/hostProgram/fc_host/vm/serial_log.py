"""Reads what a VM has printed, out of the files that its keeper keeps (keeper.py)."""

from __future__ import annotations

import os
import re

LOG_NAMES = ("serial.head.log", "serial.1.log", "serial.log")

TAIL_BYTES = 2000

# The keeper's note at the beginning of a file that others came before.
_NOTE = re.compile(rb"\A\[fc-agents: [^\n]*\n")

# A line of Firecracker's own log (src/utils/…/logger): `2026-01-01T00:00:00.123456789 [vm-1:main] …`. With a declared
# logger it stands between the guest's, and may repeat what the API was told, such as the kernel's arguments.
_OWN_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9} \[[^\]\n]*\][^\n]*")
_OWN_LINE_ENDED = re.compile(_OWN_LINE.pattern + rb"\n")


def without_own_lines(data: bytes) -> bytes:
    """What the guest has printed. A last line of Firecracker's that is not ended yet stays."""
    return _OWN_LINE_ENDED.sub(b"", data)


def complete_part(data: bytes) -> bytes:
    """Without a last line of Firecracker's that is not ended yet."""
    match = _OWN_LINE.search(data)
    return data if match is None else data[: match.start()]


def read_tail(folder: str, size: int = TAIL_BYTES) -> str:
    """The last lines, from the file before too where the newest one is short."""
    data = b""
    for name in reversed(LOG_NAMES):
        data = _NOTE.sub(b"", _read_end(os.path.join(folder, name), size)) + data
        if len(data) >= size:
            break
    return _clean(data[-size:])


def _read_end(path: str, size: int) -> bytes:
    try:
        with open(path, "rb") as file:
            length = os.fstat(file.fileno()).st_size
            file.seek(max(0, length - size))
            return file.read()
    except OSError:
        return b""


def _clean(data: bytes) -> str:
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").strip()
    # What a guest prints must not move the cursor of who reads it.
    return "".join(character if character in "\n\t" or character.isprintable() else "\ufffd" for character in text)


def remove_logs(folder: str) -> None:
    for name in LOG_NAMES:
        try:
            os.unlink(os.path.join(folder, name))
        except FileNotFoundError:
            pass


class SerialReader:
    """Reads the log from its beginning on, also while the keeper renames its files.

    What has been read stays open as long as it has a name: only so does no new file get its inode number.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        # Descriptor and inode of each file that was opened, the one that is read last.
        self._opened: list[tuple[int, int]] = []

    def close(self) -> None:
        for descriptor, _ in self._opened:
            os.close(descriptor)
        self._opened = []

    def read_new(self) -> bytes:
        """What has been printed since the last call."""
        data = b""
        while True:
            following = self._find_unread()
            # Whatever stands in a file was written before another one took its place, so a last look finds all of it.
            if self._opened:
                data += _read_rest(self._opened[-1][0])
            if following is None:
                return data
            self._open(following)

    def _find_unread(self) -> str | None:
        files = self._list_files()
        named = {inode for _, inode in files}
        for descriptor, inode in self._opened[:-1]:
            if inode not in named:
                os.close(descriptor)
                self._opened.remove((descriptor, inode))
        seen = {inode for _, inode in self._opened}
        return next((path for path, inode in files if inode not in seen), None)

    def _open(self, path: str) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return  # Renamed in this very moment.
        inode = os.fstat(descriptor).st_ino
        if any(inode == seen for _, seen in self._opened):
            os.close(descriptor)
            return
        note = _NOTE.match(os.pread(descriptor, 400, 0))
        os.lseek(descriptor, note.end() if note else 0, os.SEEK_SET)
        self._opened.append((descriptor, inode))

    def _list_files(self) -> list[tuple[str, int]]:
        found = []
        for name in LOG_NAMES:
            path = os.path.join(self._folder, name)
            try:
                found.append((path, os.stat(path, follow_symlinks=False).st_ino))
            except FileNotFoundError:
                pass
        return found


def _read_rest(descriptor: int) -> bytes:
    data = b""
    while True:
        piece = os.read(descriptor, 65536)
        if not piece:
            return data
        data += piece
