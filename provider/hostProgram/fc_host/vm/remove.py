"""`vm.remove`: ends a VM's process and removes all that is of it on the host."""

from __future__ import annotations

from typing import Callable, cast

from ..records import held, remove_thing
from .place import recorded_place, remove_root, vm_folder, vm_name
from .vm_process import end_vm

Args = dict[str, object]


def run(args: Args, _report: Callable[[str], None]) -> Args:
    name, folder = vm_name(args), vm_folder(args)
    with held(folder, str(args["instanceId"])) as record:
        if record is None:
            return {"isRemoved": False}
        place = recorded_place(name, record)
        grace = float(cast("float", args["shutdownTimeoutSeconds"]))
        end_vm(folder, None if place is None else place.socket, grace, f"the microVM {name}")
        if place is not None:
            remove_root(place)
        remove_thing(folder)
        return {"isRemoved": True}
