"""`vm.observe`: looks at a VM, and changes nothing."""

from __future__ import annotations

from typing import Callable

from ..records import read_record
from .look import look_at_vm
from .place import vm_folder, vm_name

Args = dict[str, object]


def run(args: Args, _report: Callable[[str], None]) -> Args:
    record = read_record(vm_folder(args))
    if record is None:
        return {"found": "absent"}
    if record.get("instanceId") != args.get("instanceId"):
        return {"found": "foreign", "owner": record.get("owner")}
    return look_at_vm(vm_name(args), record)
