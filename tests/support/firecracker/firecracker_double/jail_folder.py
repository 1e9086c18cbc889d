"""Makes the folder that becomes the jail's root, with the devices in it."""

from __future__ import annotations

import os
import shutil
import stat

from .jailer_settings import JailerError, JailerSettings

_FOLDERS = (".", "dev", "dev/net", "run")
# Path, major and minor number (Documentation/admin-guide/devices.txt).
_DEVICES = (("dev/net/tun", 10, 200), ("dev/kvm", 10, 232), ("dev/urandom", 1, 9))


def copy_program(settings: JailerSettings) -> None:
    """As the real one, before it looks at anything else in there."""
    target = os.path.join(settings.root, settings.exec_name)
    try:
        os.makedirs(settings.root, exist_ok=True)
        shutil.copy(settings.exec_file, target)
    except OSError as error:
        raise JailerError(f"Failed to copy {settings.exec_file} to {target}: {error.strerror}") from None


def fill_jail(settings: JailerSettings) -> None:
    for folder in _FOLDERS:
        path = os.path.join(settings.root, folder)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o700)
        os.chown(path, settings.uid, settings.gid)
    for name, major, minor in _DEVICES:
        path = os.path.join(settings.root, name)
        try:
            _make_device(path, major, minor)
        except OSError as error:
            raise JailerError(
                f"Failed to create /{name} via mknod inside the jail: {error.strerror} (os error {error.errno})",
            ) from None
        os.chown(path, settings.uid, settings.gid)


def _make_device(path: str, major: int, minor: int) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(major, minor))
    except PermissionError:
        # No right to make devices, in a container: nothing here opens them.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def save_pid(settings: JailerSettings, pid: int) -> None:
    path = os.path.join(settings.root, f"{settings.exec_name}.pid")
    try:
        with open(path, "x", encoding="ascii") as file:
            file.write(str(pid))
    except OSError as error:
        raise JailerError(
            f"Failed to open file /{settings.exec_name}.pid: {error.strerror} (os error {error.errno})"
        ) from None
