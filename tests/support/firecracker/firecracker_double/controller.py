"""From a request to its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import describe, mmds, settings, snapshots, updates
from .fault import Fault
from .http_messages import Request
from .micro_vm import PAUSED, RUNNING, MicroVm
from .qemu_process import QemuError
from .routes import POST_BOOT_REFUSAL, PRE_BOOT_REFUSAL, Route, check_phase, find_route, read_body
from .starting import start_machine


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None
    is_deprecated: bool = False
    ends_process: bool = False


def _act(vm: MicroVm, value: dict[str, Any]) -> None:
    action = value["action_type"]
    if action == "InstanceStart":
        if vm.has_started:
            raise Fault(POST_BOOT_REFUSAL)
        start_machine(vm)
        return
    if not vm.has_started:
        raise Fault(PRE_BOOT_REFUSAL)
    if action == "FlushMetrics":
        vm.log.flush_metrics()
    elif "i8042.nokbd" not in str((vm.boot_source or {}).get("boot_args", "")):
        # A guest that stands still gets it once it goes on.
        vm.is_ending = True


def _update_vm(vm: MicroVm, value: dict[str, Any]) -> None:
    qemu = vm.running_qemu()
    if value["state"] == "Paused" and vm.state == RUNNING:
        qemu.pause()
        vm.state = PAUSED
    elif value["state"] == "Resumed" and vm.state == PAUSED:
        qemu.resume()
        vm.state = RUNNING


_ACTIONS: dict[str, Callable[[MicroVm, Any], Any]] = {
    "describe_instance": describe.describe_instance,
    "describe_version": describe.describe_version,
    "describe_config": describe.describe_config,
    "describe_machine": describe.describe_machine,
    "describe_balloon": describe.describe_balloon,
    "describe_balloon_statistics": describe.describe_balloon_statistics,
    "describe_hinting": describe.describe_hinting,
    "describe_hotplug_memory": describe.describe_hotplug_memory,
    "read_mmds": mmds.read_mmds,
    "write_mmds": mmds.write_mmds,
    "patch_mmds": mmds.patch_mmds,
    "set_mmds_config": mmds.set_mmds_config,
    "act": _act,
    "set_balloon": settings.set_balloon,
    "set_boot_source": settings.set_boot_source,
    "set_cpu_config": settings.set_cpu_config,
    "set_drive": settings.set_drive,
    "set_pmem": settings.set_pmem,
    "set_logger": settings.set_logger,
    "set_serial": settings.set_serial,
    "set_machine": settings.set_machine,
    "set_metrics": settings.set_metrics,
    "set_interface": settings.set_interface,
    "set_vsock": settings.set_vsock,
    "set_entropy": settings.set_entropy,
    "set_hotplug_memory": settings.set_hotplug_memory,
    "create_snapshot": snapshots.create_snapshot,
    "load_snapshot": snapshots.load_snapshot,
    "update_balloon": updates.update_balloon,
    "update_balloon_statistics": updates.update_balloon_statistics,
    "start_hinting": updates.start_hinting,
    "stop_hinting": updates.stop_hinting,
    "update_drive": updates.update_drive,
    "update_pmem": updates.update_pmem,
    "update_interface": updates.update_interface,
    "update_hotplug_memory": updates.update_hotplug_memory,
    "update_machine": settings.update_machine,
    "update_vm": _update_vm,
}

_DEPRECATED_FIELDS = {
    "load_snapshot": ("mem_file_path", "enable_diff_snapshots"),
    "set_machine": ("cpu_template",),
    "update_machine": ("cpu_template",),
    "set_vsock": ("vsock_id",),
}


def answer_request(vm: MicroVm, request: Request) -> Answer:
    is_deprecated = False
    try:
        route, identifier = find_route(request.method, request.path)
        value = read_body(route, identifier, request.body)
        if route.action == "load_snapshot":
            snapshots.check_load(value)
        is_deprecated = _uses_deprecated(vm, route, value)
        check_phase(route, vm.has_started)
        found = _ACTIONS[route.action](vm, value)
    except Fault as fault:
        vm.log.error(f"Received Error. Status code: {fault.status}. Message: {fault.message}")
        return Answer(fault.status, {"fault_message": fault.message}, is_deprecated, fault.ends_process)
    except QemuError as error:
        return Answer(400, {"fault_message": f"Internal VMM error: {error}"}, is_deprecated)
    if request.method == "GET":
        vm.log.info("The request was executed successfully. Status code: 200 OK.")
        return Answer(200, found)
    vm.log.info("The request was executed successfully. Status code: 204 No Content.")
    return Answer(204, None, is_deprecated)


def _uses_deprecated(vm: MicroVm, route: Route, value: Any) -> bool:
    used = [name for name in _DEPRECATED_FIELDS.get(route.action, ()) if value.get(name) not in (None, False)]
    for name in used:
        vm.log.deprecated_calls += 1
        vm.log.warn(f"{route.method} {route.path}: {name} field is deprecated.")
    return bool(used)
