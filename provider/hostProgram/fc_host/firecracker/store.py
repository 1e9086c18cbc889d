"""Folders on the host that several stacks share: each holds files of one content, and a record of who uses them.

The folder's name says what is in it, so two stacks that want the same find the same, and two that want different
things never meet. The last one that leaves takes the files with it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

from task_server.refusal import Refusal
from task_server.state_folder import (
    folder_errors,
    locked_folder,
    make_private,
    read_json,
    state_root,
    sync_folder,
    write_atomically,
)

from fc_host.firecracker.content import Report, hash_file
from fc_host.records import folder_of, remove_thing

ENGINES = "firecracker"
KERNELS = "kernels"

# While another stack downloads the same, this one waits for it.
WAIT_SECONDS = 900.0

_RECORD = "record.json"
_PART = ".part"

# `<version>-<hash>` or `<hash>`.
_FOLDER_NAME = re.compile(r"(?:[0-9][0-9A-Za-z.-]*-[0-9a-f]{12}|[0-9a-f]{16})")
_OWN_FILES = ("firecracker", "jailer", "vmlinux", f"{_RECORD}.new")


class Entry(NamedTuple):
    """A folder as its record describes it."""

    folder: str
    # By file name: sha256, size, mtimeNs and mode.
    files: dict[str, dict[str, object]]
    # Stable keys of the resources that use it, by instance.
    owners: dict[str, str]
    # What else was found out when the files were made.
    facts: dict[str, object]

    def path(self, name: str) -> str | None:
        return os.path.join(self.folder, name) if name in self.files else None

    def is_intact(self) -> bool:
        return bool(self.files) and all(
            _is_intact(os.path.join(self.folder, name), facts) for name, facts in self.files.items()
        )

    def write(self) -> None:
        record = {"files": self.files, "owners": self.owners, "facts": self.facts}
        with folder_errors(self.folder):
            write_atomically(os.path.join(self.folder, _RECORD), json.dumps(record).encode())


def entry_folder(topic: str, name: str) -> str:
    return folder_of(topic, name)


def read_entry(folder: str) -> Entry | None:
    """None where there is no record, or one that a person has spoilt."""
    record = read_json(os.path.join(folder, _RECORD))
    if record is None:
        return None
    parts = [record.get(key) for key in ("files", "owners", "facts")]
    if not all(isinstance(part, dict) for part in parts):
        return None
    files, owners, facts = cast("list[dict[str, object]]", parts)
    if not all(isinstance(value, dict) for value in files.values()):
        return None
    return Entry(
        folder,
        cast("dict[str, dict[str, object]]", files),
        {key: str(value) for key, value in owners.items()},
        facts,
    )


@contextmanager
def hold(folder: str, report: Report) -> Iterator[Entry]:
    """Holds a folder, made where it is missing, against others. One without a record afterwards is removed."""
    with folder_errors(folder):
        make_private(state_root())
    with _locked(folder, report):
        _remove_parts(folder)
        try:
            yield read_entry(folder) or Entry(folder, {}, {}, {})
        finally:
            _remove_parts(folder)
            if not os.path.exists(os.path.join(folder, _RECORD)):
                remove_thing(folder)


def publish(entry: Entry, parts: dict[str, str], facts: dict[str, object]) -> None:
    """Puts finished files into their places, each whole, and writes the record that describes them."""
    with folder_errors(entry.folder):
        entry.files.clear()
        for name, part in parts.items():
            path = os.path.join(entry.folder, name)
            os.rename(part, path)
            found = os.stat(path)
            entry.files[name] = {
                "sha256": hash_file(path),
                "size": found.st_size,
                "mtimeNs": found.st_mtime_ns,
                "mode": stat.S_IMODE(found.st_mode),
            }
        sync_folder(entry.folder)
    entry.facts.clear()
    entry.facts.update(facts)


def list_owned(topic: str, instance_id: str) -> list[Entry]:
    """The folders of a topic that an instance uses."""
    root = os.path.join(state_root(), topic)
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return []
    entries = (read_entry(os.path.join(root, name)) for name in names)
    return [entry for entry in entries if entry is not None and instance_id in entry.owners]


def release(instance_id: str, keep: Iterable[str] = ()) -> list[Entry]:
    """Takes an instance out of all records but those of `keep`; returns the folders that went with their last user."""
    kept = set(keep)
    removed: list[Entry] = []
    for topic in (ENGINES, KERNELS):
        for listed in list_owned(topic, instance_id):
            if listed.folder in kept:
                continue
            with locked_folder(listed.folder, create=False):
                # Another stack may have come or gone since it was listed.
                entry = read_entry(listed.folder)
                if entry is None or entry.owners.pop(instance_id, None) is None:
                    continue
                if entry.owners:
                    entry.write()
                else:
                    remove_thing(entry.folder)
                    removed.append(entry)
        _sweep(topic)
    return removed


def _sweep(topic: str) -> None:
    """Removes the folders of installations that were killed in the middle: without a record, and held by nobody."""
    root = os.path.join(state_root(), topic)
    try:
        folders = [os.path.join(root, name) for name in os.listdir(root)]
    except OSError:
        return
    for folder in folders:
        try:
            if not _is_leftover(folder, os.listdir(folder)):
                continue
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # Gone in this moment, or no folder of ours.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever fills a folder holds it until the record stands in it.
            if _is_leftover(folder, os.listdir(descriptor)):
                remove_thing(folder)
        except BlockingIOError:
            pass  # Somebody is at work there.
        finally:
            os.close(descriptor)


def _is_leftover(folder: str, names: list[str]) -> bool:
    """Without a record, and with nothing in it that an installation would not have put there."""
    is_ours = _FOLDER_NAME.fullmatch(os.path.basename(folder)) is not None
    return is_ours and all(name in _OWN_FILES or name.endswith(_PART) for name in names)


@contextmanager
def _locked(folder: str, report: Report) -> Iterator[None]:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        lock = locked_folder(folder, create=True)
        try:
            lock.__enter__()
            break
        except Refusal as refusal:
            if refusal.code != "busy" or time.monotonic() > until:
                raise
            report("another stack fetches the same: waiting for it")
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _is_intact(path: str, facts: dict[str, object]) -> bool:
    """By size and time of change; where the time is another one, by the content."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return False
        if stat.S_IMODE(found.st_mode) != facts.get("mode") or found.st_size != facts.get("size"):
            return False
        return found.st_mtime_ns == facts.get("mtimeNs") or hash_file(path) == facts.get("sha256")
    except OSError:
        return False


def _remove_parts(folder: str) -> None:
    """What a killed run has left; the folder is held, so nobody else writes there."""
    with folder_errors(folder):
        for name in os.listdir(folder):
            if name.endswith(_PART):
                os.unlink(os.path.join(folder, name))
