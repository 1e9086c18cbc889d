"""Gives up what an instance uses, and removes what nobody else uses: `firecracker.remove`."""

from __future__ import annotations

import os
from typing import Callable

from fc_host.firecracker.store import Entry, release


def run(args: dict[str, object], _report: Callable[[str], None]) -> dict[str, object]:
    removed = release(str(args["instanceId"]))
    return {"removed": [entry.folder for entry in removed], "warnings": _warnings(removed)}


def _warnings(removed: list[Entry]) -> list[str]:
    folders = [entry.folder + "/" for entry in removed]
    running = _list_processes(folders) if folders else []
    if not running:
        return []
    pids = ", ".join(map(str, running[:10])) + (", …" if len(running) > 10 else "")
    return [
        f"Firecracker was removed while {len(running)} of its processes run (pid {pids}): they go on, but no further "
        "one can be started from there"
    ]


def _list_processes(folders: list[str]) -> list[int]:
    """The processes whose program is, or was, in one of the folders. A script's program is its interpreter."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")[:2]
            paths = [os.readlink(f"/proc/{name}/exe"), *map(os.fsdecode, words)]
        except OSError:
            continue  # It has ended, or is a kernel thread.
        if any(path.startswith(folder) for path in paths for folder in folders):
            found.append(int(name))
    return sorted(found)
