"""The drives of a snapshot, as the manifest beside it lists them."""

from __future__ import annotations

import os
from typing import NamedTuple

from task_server.refusal import Refusal
from task_server.state_folder import read_json


class SavedDrive(NamedTuple):
    drive_id: str
    path: str
    is_read_only: bool


def read_saved_drives(snapshot_path: str) -> list[SavedDrive]:
    folder = os.path.dirname(snapshot_path)
    drives = read_manifest(snapshot_path).get("drives")
    return [_read_drive(folder, drive) for drive in (drives if isinstance(drives, list) else [])]


def read_manifest(snapshot_path: str) -> dict[str, object]:
    """Empty where there is none: then the snapshot was not made by a `Snapshot`."""
    path = os.path.join(os.path.dirname(snapshot_path), "manifest.json")
    manifest = read_json(path)
    if manifest is None and os.path.exists(path):
        raise Refusal("manifest", f"{path} cannot be read: it is not the manifest of a snapshot")
    return manifest or {}


def _read_drive(folder: str, drive: object) -> SavedDrive:
    if not isinstance(drive, dict) or not isinstance(drive.get("driveId"), str):
        raise Refusal("manifest", f"{folder}/manifest.json lists a drive without `driveId`")
    drive_id, path = str(drive["driveId"]), drive.get("path")
    if not isinstance(path, str):
        path = os.path.join("drives", drive_id)
    return SavedDrive(drive_id, os.path.join(folder, path), drive.get("isReadOnly") is True)
