"""`vm.swap_drive`: puts another file in the place of a drive of a VM that runs, which its API is told then."""

from __future__ import annotations

from typing import Callable

from task_server.refusal import Refusal

from ..records import Owner, claim
from .place import recorded_place, vm_folder, vm_name
from .root_files import User
from .root_layout import declared_drives, replace_drive

Args = dict[str, object]


def run(args: Args, report: Callable[[str], None]) -> Args:
    name = vm_name(args)
    with claim(vm_folder(args), Owner.of(args), f"the microVM {name}") as claimed:
        place = recorded_place(name, claimed.found or {})
        if place is None:
            raise Refusal("vm_absent", f"the microVM {name} does not run")
        user = None
        options = args.get("jailer")
        if isinstance(options, dict) and place.cgroup is not None:
            user = User(int(options["uid"]), int(options["gid"]))
        for drive in declared_drives(args):
            replace_drive(place, drive, user, report)
    return {}
