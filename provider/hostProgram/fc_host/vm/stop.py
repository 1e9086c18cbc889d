"""`vm.stop`: ends a VM's process and removes its working root; its folder stays, with its drives and logs."""

from __future__ import annotations

from typing import Callable, cast

from ..records import Claimed, Owner, held
from .look import look_at_vm
from .place import recorded_place, remove_root, vm_folder, vm_name
from .vm_process import end_vm

Args = dict[str, object]


def run(args: Args, _report: Callable[[str], None]) -> Args:
    owner, name, folder = Owner.of(args), vm_name(args), vm_folder(args)
    with held(folder, owner.instance_id) as found:
        if found is None:
            return {"found": "absent"}
        place = recorded_place(name, found)
        grace = float(cast("float", args["shutdownTimeoutSeconds"]))
        end_vm(folder, None if place is None else place.socket, grace, f"the microVM {name}")
        if place is not None:
            remove_root(place)
        record: Args = {"phase": "stopped"}
        Claimed(folder, found).write(Owner(str(found["owner"]), owner.instance_id), **record)
        return look_at_vm(name, record)
