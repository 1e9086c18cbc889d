"""The drives of a VM that stands still, saved as they are."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from typing import Callable, NamedTuple

from task_server.refusal import Refusal
from task_server.state_folder import make_private

from ..vm.copy_file import FICLONE, copy_file
from .machine import Args, Machine
from .root_folder import hand_over, path_of, root_file, root_folder

Report = Callable[[str], None]

_PATH = re.compile(r"drives/([A-Za-z0-9_]{1,64})")
_FOLDER = "drives"


class Drive(NamedTuple):
    drive_id: str
    is_read_only: bool
    is_root_device: bool
    # A device is used by clones as it is.
    device: str | None
    # What a copy takes on the disk.
    allocated_bytes: int


def list_drives(machine: Machine) -> list[Drive]:
    """Refuses what cannot be saved, before anything is done."""
    listed = machine.config.get("drives")
    drives = [_look_at(machine, drive) for drive in (listed if isinstance(listed, list) else [])]
    for drive in drives:
        if drive.device is not None and not drive.is_read_only:
            raise Refusal(
                "drive_device",
                f"the drive {drive.drive_id} is a block device that the guest writes to, which a snapshot cannot copy",
                "Use a file for it, or attach it read-only.",
            )
    return drives


def _look_at(machine: Machine, drive: Args) -> Drive:
    path = drive.get("path_on_host")
    match = _PATH.fullmatch(path) if isinstance(path, str) else None
    if match is None:
        raise Refusal(
            "drive_path",
            f"the drive {drive.get('drive_id')} is not where a `MicroVm` puts its drives, so it cannot be saved",
        )
    with root_folder(machine, _FOLDER) as folder, root_file(machine, folder, match[1]) as descriptor:
        found = os.fstat(descriptor)
    device = None
    if stat.S_ISBLK(found.st_mode):
        device = f"/dev/block/{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
    is_read_only = drive.get("is_read_only") is True
    return Drive(match[1], is_read_only, drive.get("is_root_device") is True, device, found.st_blocks * 512)


def copies_are_shared(machine: Machine, drive: Drive, target: str) -> bool:
    """Whether the file system makes copies that take no room (FICLONE)."""
    probe = os.path.join(target, "probe")
    with root_folder(machine, _FOLDER) as folder, root_file(machine, folder, drive.drive_id) as source:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.ioctl(descriptor, FICLONE, source)
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
            os.unlink(probe)


def save_written_drives(machine: Machine, drives: list[Drive], target: str, report: Report) -> None:
    """Copies the drives that the guest writes to. The VM has to stand still meanwhile."""
    for drive in drives:
        if drive.is_read_only:
            continue
        make_private(os.path.join(target, _FOLDER))
        with root_folder(machine, _FOLDER) as folder, root_file(machine, folder, drive.drive_id) as source:
            copy_file(path_of(source), _saved(target, drive), f"the drive {drive.drive_id}", report)


def save_read_drives(machine: Machine, drives: list[Drive], target: str, report: Report) -> list[Args]:
    """Saves the other drives, and returns the manifest's list of all."""
    return [_save(machine, drive, target, report) for drive in drives]


def _save(machine: Machine, drive: Drive, target: str, report: Report) -> Args:
    entry: Args = {
        "driveId": drive.drive_id,
        "isRootDevice": drive.is_root_device,
        "isReadOnly": drive.is_read_only,
        "path": os.path.join(_FOLDER, drive.drive_id),
    }
    if drive.device is not None:
        return {**entry, "path": drive.device}
    path = _saved(target, drive)
    if drive.is_read_only:
        other = _link_or_find(machine, drive, target, report)
        if other is not None:
            return {**entry, "path": other, "sizeBytes": os.stat(other).st_size}
    else:
        _finish_copy(machine, path)
    return {**entry, "sizeBytes": os.stat(path).st_size}


def _finish_copy(machine: Machine, path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
        hand_over(machine, descriptor)
    finally:
        os.close(descriptor)


def _link_or_find(machine: Machine, drive: Drive, target: str, report: Report) -> str | None:
    """A link keeps the file, should a newer one take its name. Where none can be made, its path has to do."""
    path = _saved(target, drive)
    make_private(os.path.dirname(path))
    with root_folder(machine, _FOLDER) as folder, root_file(machine, folder, drive.drive_id) as source:
        original = os.path.realpath(path_of(source))
        try:
            # With a descriptor of a folder, if of any, Python has the kernel follow the link in /proc (linkat(2)).
            os.link(path_of(source), path, src_dir_fd=folder, follow_symlinks=True)
            return None
        except OSError:
            pass  # Another file system, one without links, or not the user's own file.
        if not original.startswith(f"{machine.place.jail}/"):
            return original
        # The jail goes with its VM.
        copy_file(path_of(source), path, f"the drive {drive.drive_id}", report)
    _finish_copy(machine, path)
    return None


def _saved(target: str, drive: Drive) -> str:
    return os.path.join(target, _FOLDER, drive.drive_id)
