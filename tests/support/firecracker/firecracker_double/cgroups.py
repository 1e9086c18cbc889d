"""Puts the process into the cgroups that the jailer was told; nothing happens where those cannot be written."""

from __future__ import annotations

import os

from .jailer_settings import JailerError, JailerSettings


def join_cgroups(settings: JailerSettings) -> None:
    if not settings.cgroups:
        return
    mounts = _list_mounts()
    if not mounts:
        # A machine without any: the arguments were checked, and that is all.
        return
    folders = []
    for cgroup in settings.cgroups:
        controller = cgroup.file.split(".")[0]
        base = _find_base(mounts, settings.cgroup_version, controller)
        if not os.access(base, os.W_OK):
            continue
        folder = os.path.join(base, settings.parent_cgroup, settings.identifier)
        try:
            if settings.cgroup_version == 2:
                _enable(base, settings, controller)
            os.makedirs(folder, exist_ok=True)
            _write(os.path.join(folder, cgroup.file), cgroup.value)
        except OSError as error:
            raise JailerError(f"Failed to write to {folder}/{cgroup.file}: {error.strerror}") from None
        folders.append(folder)
    for folder in dict.fromkeys(folders):
        _write(os.path.join(folder, "tasks" if settings.cgroup_version == 1 else "cgroup.procs"), str(os.getpid()))


def _list_mounts() -> list[tuple[str, str, set[str]]]:
    """Kind, mount point and options."""
    with open("/proc/mounts", encoding="utf-8") as file:
        rows = [line.split(" ") for line in file]
    return [(row[2], row[1], set(row[3].split(","))) for row in rows if row[2] in ("cgroup", "cgroup2")]


def _find_base(mounts: list[tuple[str, str, set[str]]], version: int, controller: str) -> str:
    for kind, point, options in mounts:
        if version == 1 and kind == "cgroup" and controller in options:
            return point
        if version == 2 and kind == "cgroup2":
            with open(os.path.join(point, "cgroup.controllers"), encoding="ascii") as file:
                available = file.read().split()
            if controller not in available:
                raise JailerError(f"Controller {controller} is unavailable")
            return point
    raise JailerError(f"Hierarchy not found: {controller if version == 1 else 'v2'}")


def _enable(base: str, settings: JailerSettings, controller: str) -> None:
    """A folder has a controller's files once its parent hands the controller on."""
    folder = base
    for part in settings.parent_cgroup.split("/"):
        _write(os.path.join(folder, "cgroup.subtree_control"), f"+{controller}")
        folder = os.path.join(folder, part)
        os.makedirs(folder, exist_ok=True)
    _write(os.path.join(folder, "cgroup.subtree_control"), f"+{controller}")


def _write(path: str, value: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(value)
