"""Whether there is room for a snapshot, asked before the VM stands still for it."""

from __future__ import annotations

import os

from task_server.refusal import Refusal

from .machine import MIB, Machine

# For the state of the devices, the manifest and the file system's own needs.
MARGIN_BYTES = 16 * MIB


def require_space(machine: Machine, target: str, drive_bytes: int) -> None:
    """The memory is written in the VM's working root first, and moved from there."""
    memory = machine.memory_bytes
    needed = {target: memory + drive_bytes}
    if os.stat(machine.place.root).st_dev != os.stat(target).st_dev:
        needed[machine.place.root] = memory
    for path, size in needed.items():
        found = os.statvfs(path)
        free = found.f_bavail * found.f_frsize
        if free < size + MARGIN_BYTES:
            raise Refusal(
                "no_room",
                f"the snapshot needs {_in_mib(size + MARGIN_BYTES)} MiB (memory {_in_mib(memory)} MiB, drives "
                f"{_in_mib(drive_bytes)} MiB), and {_in_mib(free)} MiB are free at {path}",
                "Make room there, or give the microVM less memory.",
            )


def _in_mib(size: int) -> int:
    return -(-size // MIB)
