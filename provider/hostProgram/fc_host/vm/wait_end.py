"""`vm.wait_end`: waits a bounded time until a VM's process has ended, and tells how it did."""

from __future__ import annotations

import time
from typing import Callable, cast

from ..records import read_record
from .place import recorded_place, vm_folder, vm_name
from .serial_log import read_tail
from .vm_process import read_end, read_vm_process, wait_for_keeper

Args = dict[str, object]

POLL_SECONDS = 0.05
TAIL_BYTES = 4000


def run(args: Args, _report: Callable[[str], None]) -> Args:
    folder = vm_folder(args)
    deadline = time.monotonic() + float(cast("float", args["timeoutSeconds"]))
    while read_vm_process(folder) is not None:
        if time.monotonic() >= deadline:
            place = recorded_place(vm_name(args), read_record(folder) or {})
            return {"isEnded": False, **({} if place is None else {"apiSocket": place.socket})}
        time.sleep(POLL_SECONDS)
    wait_for_keeper(folder)
    return {"isEnded": True, "end": read_end(folder), "serialTail": read_tail(folder, TAIL_BYTES)}
