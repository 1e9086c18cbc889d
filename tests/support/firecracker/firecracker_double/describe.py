"""The answers to GET requests."""

from __future__ import annotations

from typing import Any

from . import VERSION
from .fault import Fault
from .micro_vm import MicroVm


def describe_instance(vm: MicroVm, _: Any) -> Any:
    return {"id": vm.instance_id, "state": vm.state, "vmm_version": VERSION, "app_name": "Firecracker"}


def describe_version(_: MicroVm, __: Any) -> Any:
    return {"firecracker_version": VERSION}


def describe_machine(vm: MicroVm, _: Any) -> Any:
    return {name: value for name, value in vm.machine.items() if not (name == "cpu_template" and value == "None")}


def describe_config(vm: MicroVm, _: Any) -> Any:
    boot = vm.boot_source or {"kernel_image_path": ""}
    return {
        "balloon": vm.balloon,
        "drives": [_with_nulls(drive, "partuuid", "rate_limiter", "socket") for drive in vm.drives],
        "boot-source": _with_nulls(boot, "initrd_path") if boot else {},
        "cpu-config": None,
        "logger": vm.logger,
        "machine-config": describe_machine(vm, None),
        "metrics": vm.metrics,
        "mmds-config": vm.mmds_config,
        "network-interfaces": [
            _with_nulls(interface, "guest_mac", "mtu", "rx_rate_limiter", "tx_rate_limiter")
            for interface in vm.interfaces
        ],
        "vsock": vm.vsock,
        "entropy": vm.entropy,
        "pmem": vm.pmem,
        "memory-hotplug": vm.hotplug_memory,
    }


def describe_balloon(vm: MicroVm, _: Any) -> Any:
    return require_balloon(vm)


def describe_balloon_statistics(vm: MicroVm, _: Any) -> Any:
    balloon = require_balloon(vm)
    if balloon["stats_polling_interval_s"] == 0:
        raise Fault("Internal VMM error: Balloon error: Statistics for the balloon device are not enabled")
    target = balloon["amount_mib"]
    return {"target_pages": target * 256, "actual_pages": target * 256, "target_mib": target, "actual_mib": target}


def describe_hinting(vm: MicroVm, _: Any) -> Any:
    require_hinting(vm)
    return {"host_cmd": 0, "guest_cmd": None}


def describe_hotplug_memory(vm: MicroVm, _: Any) -> Any:
    if vm.hotplug_memory is None:
        raise Fault("Internal VMM error: Failed to get virtio-mem device: Device not found")
    return {"plugged_size_mib": 0, "requested_size_mib": 0, **vm.hotplug_memory}


def require_balloon(vm: MicroVm) -> dict[str, Any]:
    if vm.balloon is None:
        raise Fault("Balloon config error: No balloon device found.")
    return vm.balloon


def require_hinting(vm: MicroVm) -> None:
    if not require_balloon(vm)["free_page_hinting"]:
        raise Fault("Balloon update error: Balloon error: Free page hinting is not enabled")


def _with_nulls(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**dict.fromkeys(names), **value}
