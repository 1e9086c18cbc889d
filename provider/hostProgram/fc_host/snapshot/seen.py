"""How a snapshot is."""

from __future__ import annotations

import os

from .machine import Args
from .manifest import find_damage, read_manifest


def describe_snapshot(folder: str, manifest: Args | None) -> Args:
    answer: Args = {
        "folder": folder,
        "snapshotPath": os.path.join(folder, "state"),
        "memoryPath": os.path.join(folder, "memory"),
    }
    if manifest is None:
        return {**answer, "status": "damaged", "damage": "manifest.json"}
    damage = find_damage(folder, manifest)
    facts = {key: manifest.get(key) for key in ("sizeBytes", "firecrackerVersion", "createdAt", "snapshotType")}
    return {**answer, **facts, "status": "present" if damage is None else "damaged", "damage": damage}


def describe_folder(folder: str) -> Args:
    return describe_snapshot(folder, read_manifest(folder))


def describe_absent(folder: str) -> Args:
    return {**describe_snapshot(folder, None), "status": "absent", "damage": None}
