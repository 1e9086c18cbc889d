"""Files in a VM's working root, reached so that nothing in it can lead elsewhere.

In a jail the root belongs to the jailed user: a guest that has broken out of its VM can put a symbolic link, or a link
to another file, wherever a name is expected.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from task_server.refusal import Refusal

from ..vm.copy_file import copy_file
from .machine import Machine


@contextmanager
def root_folder(machine: Machine, name: str) -> Iterator[int]:
    """A descriptor of the root's folder `name`."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    root = os.open(machine.place.root, flags)
    try:
        folder = os.open(name, flags, dir_fd=root)
    except OSError as error:
        raise Refusal("vm_root", f"{machine.place.root}/{name} is not the folder that it was made as") from error
    finally:
        os.close(root)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def root_file(machine: Machine, folder: int, name: str) -> Iterator[int]:
    """A descriptor of a file. Only without a jail it may be a symbolic link, as some are made (root_files.py)."""
    # Not blocking, should somebody have put a pipe there.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    if machine.user is not None:
        flags |= os.O_NOFOLLOW
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Refusal("vm_root", f"{name} in {machine.place.root} cannot be read: {reason}") from error
    try:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISBLK(kind):
            raise Refusal("vm_root", f"{name} in {machine.place.root} is neither a file nor a block device")
        yield descriptor
    finally:
        os.close(descriptor)


def path_of(descriptor: int) -> str:
    """For functions that take a path: this very file, whatever its name leads to by now."""
    return f"/proc/self/fd/{descriptor}"


def remove_names(folder: int, *names: str) -> None:
    for name in names:
        try:
            os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            pass


def move_out(machine: Machine, folder: int, name: str, target: str, report: Callable[[str], None]) -> None:
    """Moves a file that Firecracker has just written to a path outside the root, where nobody may write to it."""
    try:
        os.rename(name, target, src_dir_fd=folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Somebody has put one of them on a disk of its own.
        with root_file(machine, folder, name) as source:
            copy_file(path_of(source), target, os.path.basename(target), report)
        os.unlink(name, dir_fd=folder)
    descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise Refusal("vm_root", f"what stood in {machine.place.root} as {name} is not a file of its own")
        hand_over(machine, descriptor)
    finally:
        os.close(descriptor)


def hand_over(machine: Machine, descriptor: int) -> None:
    """Only its owner may read the file. Of a jailed VM, that is root, and the jail's group may read too.

    So clones can be given links to it (root_files.put_readable); nobody else gets through the folder above it.
    """
    if machine.user is None:
        os.fchmod(descriptor, 0o400)
    else:
        os.fchown(descriptor, 0, machine.user.gid)
        os.fchmod(descriptor, 0o440)
