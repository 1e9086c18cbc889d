"""The file system as the Firecracker process sees it: the host's, or that of its jail.

In a jail the kernel itself resolves each path inside the root (openat2 with RESOLVE_IN_ROOT: an absolute path, `..` and
symbolic links cannot lead out of it) and checks it for the jail's user, since the process takes on that user's rights
for the time of the call.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SYS_OPENAT2 = 437
_RESOLVE_IN_ROOT = 0x10

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Jail:
    root: str
    uid: int
    gid: int


class FileView:
    def __init__(self, jail: Jail | None) -> None:
        self.jail = jail
        self._root = None if jail is None else os.open(jail.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    @contextlib.contextmanager
    def as_its_user(self) -> Iterator[None]:
        """The rights that Firecracker has."""
        if self.jail is None:
            yield
            return
        groups = os.getgroups()
        os.setgroups([])
        os.setegid(self.jail.gid)
        os.seteuid(self.jail.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)

    def open(self, path: str, flags: int) -> int:
        flags |= os.O_CLOEXEC
        if self._root is None:
            return os.open(path, flags, 0o666)
        with self.as_its_user():
            return self._open_inside(path, flags)

    def bind(self, path: str) -> socket.socket:
        """A listening socket at a path, which nothing may be at yet."""
        folder, name = os.path.split(path)
        descriptor = self.open(folder or ".", os.O_PATH | os.O_DIRECTORY)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Through the folder's descriptor, the length of the path on the host does not count.
            with self.as_its_user():
                listener.bind(f"/proc/self/fd/{descriptor}/{name}")
            listener.listen(128)
            return listener
        except BaseException:
            listener.close()
            raise
        finally:
            os.close(descriptor)

    def connect(self, path: str) -> socket.socket:
        descriptor = self.open(path, os.O_PATH)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with self.as_its_user():
                connection.connect(f"/proc/self/fd/{descriptor}")
            return connection
        except BaseException:
            connection.close()
            raise
        finally:
            os.close(descriptor)

    def remove(self, path: str) -> None:
        folder, name = os.path.split(path)
        descriptor = self.open(folder or ".", os.O_PATH | os.O_DIRECTORY)
        try:
            os.unlink(name, dir_fd=descriptor)
        finally:
            os.close(descriptor)

    def host_path(self, path: str, flags: int = os.O_RDONLY) -> str:
        """The path on the host, of a file that Firecracker can open with these flags."""
        descriptor = self.open(path, flags)
        try:
            return os.readlink(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)

    def _open_inside(self, path: str, flags: int) -> int:
        # How struct open_how is laid out (openat2(2)): flags, mode, resolve. A mode without O_CREAT is refused.
        how = struct.pack("QQQ", flags, 0o666 if flags & os.O_CREAT else 0, _RESOLVE_IN_ROOT)
        # The folder that relative paths start from is the root: so does a jailed process.
        descriptor = _libc.syscall(_SYS_OPENAT2, self._root, os.fsencode(path), how, len(how))
        if descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
        return int(descriptor)
