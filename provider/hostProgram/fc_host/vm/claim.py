"""`vm.claim`: makes a VM's folder this stack's, for one that is not to run yet, and checks what it would start from."""

from __future__ import annotations

from typing import Callable

from ..records import Owner, claim
from .look import look_at_vm
from .place import recorded_place, remove_root, vm_folder, vm_name
from .program import find_program
from .require_files import require_files
from .vm_process import end_vm

Args = dict[str, object]


def run(args: Args, _report: Callable[[str], None]) -> Args:
    owner, name, folder = Owner.of(args), vm_name(args), vm_folder(args)
    with claim(folder, owner, f"the microVM {name}") as claimed:
        find_program(args)
        require_files(args)
        found = claimed.found
        if found is not None and found.get("instanceId") != owner.instance_id:
            # What an earlier creation has left running is not what is declared now.
            place = recorded_place(name, found)
            end_vm(folder, None if place is None else place.socket, 0.0, f"the microVM {name}")
            if place is not None:
                remove_root(place)
            found = None
        record = {**found} if found is not None else {"phase": "claimed"}
        facts = {key: value for key, value in record.items() if key not in ("owner", "instanceId")}
        claimed.write(owner, **facts)
        return look_at_vm(name, record)
