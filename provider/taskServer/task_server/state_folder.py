"""The folders on the host: one for all servers, and in it one for each, readable by its owner only.

task_server.pyz   the server's program, which also answers `ctl`
server.json       owner, instance, identity and version; never the token
server.pid        which process it is (process_identity)
server.log        what went wrong, bounded
control.sock      for the provider
worker.lock       held by whoever has the database open
queue.db, results/, incoming/, sent/
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .process_identity import ProcessIdentity
from .refusal import Refusal

ROOT_OF_ROOT = "/var/lib/fc-agents"

LOCK_SECONDS = 60.0
LOCK_POLL_SECONDS = 0.02
LOG_TAIL_BYTES = 2000

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@,-]{0,127}")


def state_root() -> str:
    """/var/lib/fc-agents for root, else the user's own state folder (XDG Base Directory Specification)."""
    if os.geteuid() == 0:
        return ROOT_OF_ROOT
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "fc-agents")


def server_folder(name: object) -> str:
    """Path of a server's folder. The name comes from the provider, which derives it from the server's identity."""
    if not isinstance(name, str) or _FOLDER_NAME.fullmatch(name) is None:
        raise Refusal("bad_request", "the name of the server's folder is malformed")
    return os.path.join(state_root(), name)


@contextmanager
def folder_errors(path: str) -> Iterator[None]:
    """Words what the file system refuses."""
    try:
        yield
    except OSError as error:
        raise Refusal(
            "state_folder", f"the state folder {path} cannot be written: {_reason(error)}", _hint(error)
        ) from error


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "there is no room left on its disk"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied"
    if error.errno == errno.EROFS:
        return "the file system is read-only"
    return error.strerror or type(error).__name__


def _hint(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room there and run `pulumi up` again; nothing that was stored is lost."
    return "Check the folder's owner and rights, and `user` and `sudo` in `connection`."


def make_private(path: str) -> None:
    """Makes a folder that only its owner may enter; one that somebody else prepared is not used."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it is not a folder of the user who logs in", path)
    if stat.S_IMODE(found.st_mode) != 0o700:
        os.chmod(path, 0o700)


@contextmanager
def locked_folder(path: str, create: bool) -> Iterator[bool | None]:
    """Holds a server's folder against other loaders. Yields whether nothing was in it; None where there is none."""
    with folder_errors(path):
        opened = _lock(path, create)
    if opened is None:
        yield None
        return
    descriptor, is_new = opened
    try:
        yield is_new
    finally:
        os.close(descriptor)


def _lock(path: str, create: bool) -> tuple[int, bool] | None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            if create:
                make_private(os.path.dirname(path))
                make_private(path)
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            if create:
                continue  # Removed by a stop in this very moment.
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The folder may have been removed while we waited for it. Only from here on does nobody else fill it.
            if _inode_of(path) == os.fstat(descriptor).st_ino:
                return descriptor, not os.listdir(descriptor)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise Refusal(
                    "busy",
                    "another deployment or removal of this server is under way",
                    "Run it again when that has ended.",
                ) from None
            time.sleep(LOCK_POLL_SECONDS)
        os.close(descriptor)


def _inode_of(path: str) -> int | None:
    try:
        return os.lstat(path).st_ino
    except FileNotFoundError:
        return None


def write_atomically(path: str, data: bytes, mode: int = 0o600) -> None:
    """The file is there whole or as it was before, also after a crash of the host."""
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except BaseException:
        os.close(descriptor)
        os.unlink(temporary)
        raise
    os.close(descriptor)
    os.rename(temporary, path)
    sync_folder(os.path.dirname(path))


def sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: str) -> dict[str, object] | None:
    """None where there is no such file or nothing readable in it."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def read_description(folder: str) -> dict[str, object] | None:
    """Owner, instance, identity and version of a folder's server."""
    return read_json(os.path.join(folder, "server.json"))


def write_description(folder: str, description: dict[str, object]) -> None:
    write_atomically(os.path.join(folder, "server.json"), json.dumps(description).encode())


def read_process(folder: str) -> ProcessIdentity | None:
    """The process of the sidecar, if it is that process and still there."""
    identity = ProcessIdentity.from_json(read_json(os.path.join(folder, "server.pid")))
    return identity if identity is not None and identity.is_alive() else None


def read_log_tail(folder: str) -> str:
    try:
        with open(os.path.join(folder, "server.log"), "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""


def remove_folder(folder: str) -> None:
    """Removes a server's folder, and the folder of all servers if it was the last one."""
    import shutil  # Here, since it loads four compression libraries, and only this end of a server's life needs it.

    shutil.rmtree(folder)
    try:
        os.rmdir(os.path.dirname(folder))
    except OSError:
        pass  # Others are in it.
