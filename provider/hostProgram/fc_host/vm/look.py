"""How a VM is: its process, what its API says, and how it ended if it did."""

from __future__ import annotations

import os

from .api_call import describe_instance
from .place import plain_place, recorded_place
from .vm_process import read_end, read_vm_process

API_SECONDS = 5.0


def look_at_vm(name: str, record: dict[str, object], instance: dict[str, object] | None = None) -> dict[str, object]:
    """`instance` is what the API has just said, where the caller knows it."""
    place = recorded_place(name, record)
    folder = plain_place(name).folder
    process = read_vm_process(folder)
    answer: dict[str, object] = {
        "found": "here",
        "folder": folder,
        "serialLogPath": os.path.join(folder, "serial.log"),
        "wasStopped": record.get("phase") != "started",
    }
    if process is None:
        return {**answer, "end": read_end(folder)} if record.get("phase") == "started" else answer
    answer["process"] = {"pid": process.identity.pid, "startedAt": process.started_at}
    if place is not None:
        answer["root"] = place.root
        answer["apiSocket"] = place.socket
        answer["instance"] = instance or describe_instance(place.socket, API_SECONDS)
    return answer
