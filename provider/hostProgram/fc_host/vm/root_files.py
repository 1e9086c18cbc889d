"""Puts files of the host into a VM's working root: as links where that is safe, else as copies."""

from __future__ import annotations

import errno
import os
import stat
from typing import Callable, NamedTuple

from task_server.refusal import Refusal

from .copy_file import copy_file

Report = Callable[[str], None]


class User(NamedTuple):
    """Who Firecracker runs as in a jail."""

    uid: int
    gid: int


def require_file(path: str, property_name: str, *, may_be_device: bool = False) -> os.stat_result:
    """Refuses a file that is missing or is none, by the name of the input that names it."""
    if not os.path.isabs(path):
        raise Refusal("file_path", f"{path} (`{property_name}`) is not an absolute path on the host")
    try:
        found = os.stat(path)
    except OSError as error:
        raise Refusal(
            "file_missing",
            f"{path} (`{property_name}`) cannot be used: {(error.strerror or str(error)).lower()}",
            f"Put the file there, or correct `{property_name}`: it is a path on the host.",
        ) from None
    if stat.S_ISREG(found.st_mode) or (may_be_device and stat.S_ISBLK(found.st_mode)):
        return found
    raise Refusal("file_kind", f"{path} (`{property_name}`) is not a regular file")


def put_readable(source: str, target: str, user: User | None, report: Report) -> None:
    """A file that Firecracker only reads. It must not be able to change the original, which others may use too."""
    path = os.path.realpath(source)
    found = os.stat(path)
    if user is None:
        if not _link(path, target):
            os.symlink(path, target)
        return
    if _may_read_only(found, user) and _link(path, target):
        return
    copy_file(path, target, os.path.basename(source), report)
    os.chown(target, 0, user.gid)
    os.chmod(target, 0o440)


def put_writable(source: str, target: str, user: User | None, report: Report) -> None:
    """A copy of its own that Firecracker may write to."""
    copy_file(os.path.realpath(source), target, os.path.basename(source), report)
    if user is not None:
        os.chown(target, *user)


def put_device(source: str, target: str, found: os.stat_result, user: User | None) -> None:
    """A block device is used as it is; a jail needs a node of its own for it (jailer.md)."""
    if user is None:
        os.symlink(os.path.realpath(source), target)
        return
    os.mknod(target, 0o600 | stat.S_IFBLK, found.st_rdev)
    os.chown(target, *user)


def put_socket(source: str, target: str, user: User | None, property_name: str) -> None:
    """A socket that somebody listens at, such as a handler of page faults."""
    try:
        found = os.stat(source)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Refusal("file_missing", f"{source} (`{property_name}`) cannot be used: {reason}") from None
    if not stat.S_ISSOCK(found.st_mode):
        raise Refusal("file_kind", f"{source} (`{property_name}`) is not a Unix socket")
    if user is None:
        os.symlink(source, target)
    elif not _link(source, target):
        raise Refusal(
            "socket_link",
            f"{source} (`{property_name}`) is on another file system than the jail, which a socket cannot be linked to",
            f"Have the handler listen below {os.path.dirname(os.path.dirname(target))}, or run with `jailer: false`.",
        )


def make_folder(path: str, user: User | None) -> None:
    os.makedirs(path, mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(path, *user)


def make_shown_folder(path: str, user: User | None) -> None:
    """A folder in which Firecracker finds files, and cannot change which ones."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(path, 0, user.gid)
        os.chmod(path, 0o750)


def make_file(path: str, user: User | None) -> None:
    """An empty file that Firecracker writes to; what is there is kept."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    if user is not None:
        os.chown(path, *user)


def link_own(source: str, target: str) -> None:
    """From the VM's folder into its root, which may be removed and made anew."""
    if not _link(source, target):
        raise Refusal("state_folder", f"{source} cannot be linked to {target}: they are on different file systems")


def _may_read_only(found: os.stat_result, user: User) -> bool:
    """Whether the user may read a file and neither write to it nor change its rights."""
    if found.st_uid == user.uid:
        return False
    shift = 3 if found.st_gid == user.gid else 0
    mode = found.st_mode >> shift
    return mode & 0o4 != 0 and mode & 0o2 == 0


def _link(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except OSError as error:
        # Another file system, one without links, too many links, or not the user's file (protected_hardlinks).
        if error.errno in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EACCES):
            return False
        raise
    return True
