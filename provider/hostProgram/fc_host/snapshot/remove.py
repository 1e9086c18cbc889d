"""`snapshot.remove`: removes a snapshot's files. VMs that were restored from it have links to them, and go on."""

from __future__ import annotations

from typing import Callable

from ..records import folder_of, held, remove_thing
from .machine import Args


def run(args: Args, _report: Callable[[str], None]) -> Args:
    folder = folder_of("snapshots", args.get("name"))
    with held(folder, str(args["instanceId"])) as record:
        if record is None:
            return {"isRemoved": False}
        remove_thing(folder)
        return {"isRemoved": True}
