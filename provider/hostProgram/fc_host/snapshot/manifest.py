"""The list of what a snapshot consists of. It is written last: what has none is no snapshot."""

from __future__ import annotations

import hashlib
import json
import os
import time

from task_server.state_folder import read_json, write_atomically

from .base import Base
from .machine import Args, Machine

FORMAT_VERSION = 1
FILE = "manifest.json"
CHUNK_BYTES = 1024 * 1024


def write_manifest(folder: str, machine: Machine, snapshot_type: str, base: Base | None, drives: list[Args]) -> Args:
    state, memory = (os.path.join(folder, name) for name in ("state", "memory"))
    manifest: Args = {
        "formatVersion": FORMAT_VERSION,
        "snapshotType": snapshot_type,
        # The memory file is whole in any case: a Diff was written over a copy of its base.
        "base": None if base is None else base.name,
        "firecrackerVersion": machine.version,
        "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "microVm": machine.place.name,
        "machine": machine.settings,
        "drives": drives,
        "networkInterfaces": machine.config.get("network-interfaces") or [],
        "vsock": machine.config.get("vsock"),
        "state": {"sizeBytes": os.stat(state).st_size, "sha256": _hash(state)},
        "memory": {"sizeBytes": os.stat(memory).st_size},
        "sizeBytes": _allocated(folder, drives),
    }
    write_atomically(os.path.join(folder, FILE), json.dumps(manifest, indent=1).encode(), 0o400)
    return manifest


def read_manifest(folder: str) -> Args | None:
    manifest = read_json(os.path.join(folder, FILE))
    return manifest if manifest is not None and manifest.get("formatVersion") == FORMAT_VERSION else None


def find_damage(folder: str, manifest: Args) -> str | None:
    """What is not as the manifest says; None when all is."""
    state = os.path.join(folder, "state")
    for name in ("state", "memory"):
        facts = manifest.get(name)
        if not isinstance(facts, dict) or _size(os.path.join(folder, name)) != facts.get("sizeBytes"):
            return name
        if name == "state" and _hash(state) != facts.get("sha256"):
            return name
    drives = manifest.get("drives")
    for drive in drives if isinstance(drives, list) else []:
        path = os.path.join(folder, str(drive.get("path")))
        if not os.path.exists(path) or ("sizeBytes" in drive and _size(path) != drive["sizeBytes"]):
            return f"the drive {drive.get('driveId')}"
    return None


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def _hash(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _allocated(folder: str, drives: list[Args]) -> int:
    """What it takes on the disk, without the read-only drives, which are the images that the VM was started from."""
    own = ["state", "memory", *(str(drive["path"]) for drive in drives if drive["isReadOnly"] is not True)]
    return sum(os.stat(os.path.join(folder, path)).st_blocks * 512 for path in own)
