"""The VM that a snapshot is taken of, as its process and its API say it is."""

from __future__ import annotations

import os
from typing import NamedTuple

from task_server.refusal import Refusal

from ..vm.place import Place, recorded_place
from ..vm.root_files import User
from ..vm.vm_process import VmProcess, read_vm_process
from .calls import call

Args = dict[str, object]

# Pausing waits for the VM's processors, and resuming for nothing.
CALL_SECONDS = 30.0

MIB = 1024 * 1024


class Machine(NamedTuple):
    place: Place
    process: VmProcess
    # Who it runs as in its jail; None where there is no jail.
    user: User | None
    is_running: bool
    version: str
    # What GET /vm/config says.
    config: Args

    @property
    def settings(self) -> Args:
        value = self.config.get("machine-config")
        return value if isinstance(value, dict) else {}

    @property
    def memory_bytes(self) -> int:
        size = self.settings.get("mem_size_mib")
        return size * MIB if isinstance(size, int) else 0

    def call(self, method: str, target: str, body: object, seconds: float = CALL_SECONDS) -> Args:
        return call(self.place.socket, method, target, body, seconds)

    def pause(self) -> None:
        self.call("PATCH", "/vm", {"state": "Paused"})

    def resume(self) -> None:
        self.call("PATCH", "/vm", {"state": "Resumed"})


def look_at_machine(vm_id: str, record: Args) -> Machine:
    """`record` is the VM's own, whose folder is held. A VM that does not run, or was never booted, is refused."""
    place = recorded_place(vm_id, record)
    process = None if place is None else read_vm_process(place.folder)
    if place is None or process is None:
        how = "has ended" if record.get("phase") == "started" else "is stopped"
        raise Refusal(
            "vm_stopped",
            f"the microVM {vm_id} {how}, and only one that runs or is paused has anything to save",
            'Declare it with `state: "running"` or "paused" and run `pulumi up` again.',
        )
    instance = call(place.socket, "GET", "/", None, CALL_SECONDS)
    state = instance.get("state")
    if state not in ("Running", "Paused"):
        raise Refusal("vm_unready", f"the microVM {vm_id} has not been booted: Firecracker says `{state}`")
    config = call(place.socket, "GET", "/vm/config", None, CALL_SECONDS)
    return Machine(place, process, _jail_user(place), state == "Running", str(instance.get("vmm_version")), config)


def _jail_user(place: Place) -> User | None:
    """The jail's root belongs to the user that the jailer was told."""
    if place.cgroup is None:
        return None
    found = os.lstat(place.root)
    return User(found.st_uid, found.st_gid)
