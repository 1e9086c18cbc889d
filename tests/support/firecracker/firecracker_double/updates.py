"""What may be changed while the machine runs."""

from __future__ import annotations

from typing import Any

from .describe import require_balloon, require_hinting
from .fault import Fault
from .micro_vm import MicroVm
from .settings import check_drive_file

_MIB = 1024 * 1024


def update_balloon(vm: MicroVm, value: dict[str, Any]) -> None:
    balloon = require_balloon(vm)
    memory = vm.machine["mem_size_mib"]
    if value["amount_mib"] > memory:
        raise Fault(
            "Balloon update error: Balloon error: Amount of pages requested cannot be greater than guest memory."
        )
    # QEMU takes what the guest is left with, and it cannot be nothing.
    vm.running_qemu().set_balloon(max(1, memory - value["amount_mib"]) * _MIB)
    balloon["amount_mib"] = value["amount_mib"]


def update_balloon_statistics(vm: MicroVm, value: dict[str, Any]) -> None:
    balloon = require_balloon(vm)
    if (balloon["stats_polling_interval_s"] == 0) != (value["stats_polling_interval_s"] == 0):
        raise Fault("Balloon update error: Balloon error: Cannot enable/disable the statistics after boot.")
    balloon["stats_polling_interval_s"] = value["stats_polling_interval_s"]


def start_hinting(vm: MicroVm, _: Any) -> None:
    require_hinting(vm)


def stop_hinting(vm: MicroVm, _: Any) -> None:
    require_hinting(vm)


def update_drive(vm: MicroVm, value: dict[str, Any]) -> None:
    drive = _find(vm.drives, "drive_id", value["drive_id"])
    if drive is None:
        raise Fault("Drive config error: Error during block device update (patch): Device not found")
    if "path_on_host" in value:
        check_drive_file(vm, value["path_on_host"], drive["is_read_only"])
    drive.update(value)


def update_pmem(vm: MicroVm, value: dict[str, Any]) -> None:
    device = _find(vm.pmem, "id", value["id"])
    if device is None:
        raise Fault("Pmem device error: Error during pmem device update (patch): Device not found")
    device.update(value)


def update_interface(vm: MicroVm, value: dict[str, Any]) -> None:
    interface = _find(vm.interfaces, "iface_id", value["iface_id"])
    if interface is None:
        raise Fault("Network config error: Error during interface update (patch): Device not found")
    interface.update(value)


def update_hotplug_memory(vm: MicroVm, value: dict[str, Any]) -> None:
    if vm.hotplug_memory is None:
        raise Fault("Memory hotplug update error: Failed to get virtio-mem device: Device not found")
    requested, block = value["requested_size_mib"], vm.hotplug_memory["block_size_mib"]
    if requested > vm.hotplug_memory["total_size_mib"] or requested % block:
        raise Fault("Memory hotplug update error: The requested size is too large, or no multiple of the block size.")
    vm.hotplug_memory["requested_size_mib"] = requested


def _find(items: list[dict[str, Any]], field: str, identifier: str) -> dict[str, Any] | None:
    return next((item for item in items if item[field] == identifier), None)
