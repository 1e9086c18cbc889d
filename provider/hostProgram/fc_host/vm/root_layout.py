"""Lays out the working root of a VM: kernel, initrd, drives/<id>, snapshot/state, snapshot/memory."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable, NamedTuple

from task_server.refusal import Refusal
from task_server.state_folder import folder_errors, make_private, read_json, write_atomically

from .place import Place
from .root_files import (
    User,
    link_own,
    make_file,
    make_folder,
    make_shown_folder,
    put_device,
    put_readable,
    put_socket,
    put_writable,
    require_file,
)
from .saved_drives import read_saved_drives

Args = dict[str, object]
Report = Callable[[str], None]

MAKE_ATTEMPTS = 20

# What a user's file in the working root may be called: no path.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Drive(NamedTuple):
    drive_id: str
    path: str
    is_read_only: bool
    property_name: str


def declared_drives(args: Args) -> list[Drive]:
    return [
        Drive(str(drive["driveId"]), str(drive["pathOnHost"]), drive.get("isReadOnly") is True, str(drive["property"]))
        for drive in _records(args.get("drives"))
    ]


def lay_out_root(place: Place, args: Args, user: User | None, report: Report) -> None:
    """Makes the root, which must not be there yet, with all files that the VM starts from (require_files)."""
    drives = drives_of(args)
    with folder_errors(place.root):
        _make_root(place, user)
        make_shown_folder(os.path.join(place.root, "drives"), user)
        # Firecracker writes its snapshots there.
        make_folder(os.path.join(place.root, "snapshot"), user)
        for name, (path, _) in zip(("kernel", "initrd"), boot_files(args)):
            put_readable(path, os.path.join(place.root, name), user, report)
        _put_snapshot(place, args, user, report)
        _put_drives(place, drives, user, report, is_restored=args.get("restore") is not None)
        _put_output_files(place, args, user)


def _make_root(place: Place, user: User | None) -> None:
    for attempt in range(MAKE_ATTEMPTS):
        try:
            # From the state's root downwards all is the user's who logs in; only the root itself is the jailed one's.
            for path in _folders_between(os.path.dirname(place.folder), place.root):
                make_private(path)
            make_folder(place.root, user)
            return
        except FileNotFoundError:
            # The removal of another VM, the last in there until now, has taken a folder above away in between.
            if attempt == MAKE_ATTEMPTS - 1:
                raise


def _folders_between(topic: str, path: str) -> Iterator[str]:
    """Those below the state's root that lead to the path, without the path itself."""
    state = os.path.dirname(topic)
    parts = os.path.relpath(os.path.dirname(path), state).split(os.sep)
    for count in range(1, len(parts) + 1):
        yield os.path.join(state, *parts[:count])


def boot_files(args: Args) -> list[tuple[str, str]]:
    source = args.get("bootSource")
    if not isinstance(source, dict):
        return []
    names = [name for name in ("kernelImagePath", "initrdPath") if isinstance(source.get(name), str)]
    return [(str(source[name]), f"bootSource.{name}") for name in names]


def drives_of(args: Args) -> list[Drive]:
    """Those that are declared, or those that the snapshot was taken with."""
    restore = args.get("restore")
    if not isinstance(restore, dict):
        return declared_drives(args)
    return [Drive(*drive, "restore.snapshotPath") for drive in read_saved_drives(str(restore["snapshotPath"]))]


def _put_snapshot(place: Place, args: Args, user: User | None, report: Report) -> None:
    restore = args.get("restore")
    if not isinstance(restore, dict):
        return
    snapshot, memory = str(restore["snapshotPath"]), str(restore["memoryPath"])
    folder = os.path.join(place.root, "snapshot")
    put_readable(snapshot, os.path.join(folder, "state"), user, report)
    target = os.path.join(folder, "memory")
    if restore.get("memoryType") == "Uffd":
        put_socket(memory, target, user, "restore.memBackend.path")
    else:
        put_readable(memory, target, user, report)


def _put_drives(place: Place, drives: list[Drive], user: User | None, report: Report, *, is_restored: bool) -> None:
    kept = _KeptDrives(place.folder)
    for drive in drives:
        target = os.path.join(place.root, "drives", drive.drive_id)
        found = os.stat(drive.path)
        if stat.S_ISBLK(found.st_mode):
            put_device(drive.path, target, found, user)
        elif drive.is_read_only:
            put_readable(drive.path, target, user, report)
        elif is_restored:
            # The memory knows the drive as it was when the snapshot was taken, so each start has a fresh copy.
            put_writable(drive.path, target, user, report)
        else:
            link_own(kept.copy_of(drive, user, report), target)
    kept.forget_others({drive.drive_id for drive in drives})


class _KeptDrives:
    """The copies of writable drives, which stay when the VM is stopped: a machine keeps its disks."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.join(folder, "drives")
        self._list = os.path.join(folder, "drives.json")
        self._sources = read_json(self._list) or {}

    def copy_of(self, drive: Drive, user: User | None, report: Report) -> str:
        """The copy's path. It is made anew where the drive is another file of the host than before."""
        path = os.path.join(self._folder, drive.drive_id)
        if self._sources.get(drive.drive_id) != drive.path or not os.path.exists(path):
            make_private(self._folder)
            put_writable(drive.path, path, user, report)
            self._sources[drive.drive_id] = drive.path
            write_atomically(self._list, json.dumps(self._sources).encode())
        elif user is not None:
            os.chown(path, *user)
        return path

    def forget_others(self, drive_ids: set[str]) -> None:
        for drive_id in set(self._sources) - drive_ids:
            path = os.path.join(self._folder, drive_id)
            if os.path.exists(path):
                os.unlink(path)
            del self._sources[drive_id]
            write_atomically(self._list, json.dumps(self._sources).encode())


def replace_drive(place: Place, drive: Drive, user: User | None, report: Report) -> None:
    """Puts another file under the drive's name. The process has the old one open until its API is told."""
    found = require_file(drive.path, drive.property_name, may_be_device=True)
    with folder_errors(place.root), _shown_drives(place) as folder:
        fresh = os.path.join(folder, f"{drive.drive_id}.next")
        if os.path.lexists(fresh):
            os.unlink(fresh)
        if stat.S_ISBLK(found.st_mode):
            put_device(drive.path, fresh, found, user)
        elif drive.is_read_only:
            put_readable(drive.path, fresh, user, report)
        else:
            link_own(_KeptDrives(place.folder).copy_of(drive, user, report), fresh)
        os.rename(fresh, os.path.join(folder, drive.drive_id))


@contextmanager
def _shown_drives(place: Place) -> Iterator[str]:
    """The folder of the drives of a VM that runs: a guest that has broken out may have put a link in its place."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(os.path.join(place.root, "drives"), flags)
    except OSError as error:
        raise Refusal("vm_root", f"{place.root}/drives is not the folder that it was made as") from error
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise Refusal("vm_root", f"{place.root}/drives is not the folder that it was made as")
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _put_output_files(place: Place, args: Args, user: User | None) -> None:
    """Files that Firecracker writes to, kept in the VM's folder."""
    names = args.get("outputFiles")
    for name in names if isinstance(names, list) else []:
        if not isinstance(name, str) or _FILE_NAME.fullmatch(name) is None:
            raise Refusal("bad_request", "the name of an output file is malformed")
        make_private(os.path.join(place.folder, "output"))
        path = os.path.join(place.folder, "output", name)
        make_file(path, user)
        link_own(path, os.path.join(place.root, name))


def _records(value: object) -> list[Args]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
