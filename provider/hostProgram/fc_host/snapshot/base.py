"""What a Diff builds on: it holds only the memory that the guest has written since the snapshot before.

Firecracker starts that count anew whenever it takes or loads a snapshot, so the base is the memory of the last one.
Which one that is stands in the VM's folder. A Diff is written over a copy of its base, as Firecracker does since 1.7
where the file is there already (its CHANGELOG, #4301): the result is a whole memory, which can be restored by itself.
"""

from __future__ import annotations

import json
import os
import re
import stat
from typing import NamedTuple

from task_server.refusal import Refusal
from task_server.state_folder import read_json, write_atomically

from ..records import folder_of, read_record
from .machine import Machine
from .root_folder import path_of, root_file, root_folder

OLDEST_VERSION = (1, 7)

_FILE = "last-snapshot.json"
_TAKE_FULL = 'Take a snapshot with `snapshotType: "Full"` first.'


class Base(NamedTuple):
    # Its memory: a path, or a file in the VM's working root where the VM itself was restored from it.
    path: str | None
    # The snapshot's name; None where a `Snapshot` did not make it.
    name: str | None


def find_base(machine: Machine) -> Base | None:
    """None where no snapshot was taken of this process or loaded into it: then a Diff holds the whole memory."""
    if machine.settings.get("track_dirty_pages") is not True:
        raise Refusal(
            "no_tracking",
            'a snapshot with `snapshotType: "Diff"` needs a microVM that keeps track of what its guest writes',
            "Set `machine.trackDirtyPages`, or `restore.trackDirtyPages`, of the microVM.",
        )
    base = _find_last(machine)
    if base is not None:
        _require_version(machine)
    return base


def _find_last(machine: Machine) -> Base | None:
    last = read_json(os.path.join(machine.place.folder, _FILE))
    if last is None or last.get("process") != machine.process.identity.to_json():
        return _find_loaded(machine)
    name, instance_id = last.get("snapshot"), last.get("instanceId")
    if not isinstance(name, str):
        raise Refusal("base_unknown", "the snapshot before this one did not come to its end", _TAKE_FULL)
    folder = folder_of("snapshots", name)
    memory = os.path.join(folder, "memory")
    record = read_record(folder) or {}
    if record.get("instanceId") != instance_id or not os.path.exists(memory):
        raise Refusal("base_gone", f"the snapshot {name}, which this one builds on, is not there any more", _TAKE_FULL)
    return Base(memory, name)


def _find_loaded(machine: Machine) -> Base | None:
    with root_folder(machine, "snapshot") as folder:
        try:
            kind = os.stat("memory", dir_fd=folder, follow_symlinks=machine.user is None).st_mode
        except FileNotFoundError:
            return None
    if not stat.S_ISREG(kind):
        raise Refusal("base_unknown", "the microVM's memory came from a handler of page faults (Uffd)", _TAKE_FULL)
    return Base(None, None)


def _require_version(machine: Machine) -> None:
    match = re.match(r"(\d+)\.(\d+)", machine.version)
    if match is not None and (int(match[1]), int(match[2])) >= OLDEST_VERSION:
        return
    raise Refusal(
        "version_old",
        f"Firecracker {machine.version} cannot write a Diff over its base; that takes 1.7 or newer",
        'Use `snapshotType: "Full"`, or a newer Firecracker.',
    )


def open_base(machine: Machine, base: Base) -> int:
    """A descriptor of the base's memory."""
    if base.path is not None:
        return os.open(base.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with root_folder(machine, "snapshot") as folder, root_file(machine, folder, "memory") as descriptor:
        return os.open(path_of(descriptor), os.O_RDONLY | os.O_CLOEXEC)


def forget_last(machine: Machine) -> None:
    """Before Firecracker is asked for a snapshot: until that has its place, nothing can build on it."""
    _write(machine, {})


def remember_last(machine: Machine, name: str, instance_id: str) -> None:
    _write(machine, {"snapshot": name, "instanceId": instance_id})


def _write(machine: Machine, facts: dict[str, object]) -> None:
    value = {"process": machine.process.identity.to_json(), **facts}
    write_atomically(os.path.join(machine.place.folder, _FILE), json.dumps(value).encode())
