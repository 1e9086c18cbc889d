"""The metadata that the guest could read: kept, merged, given back."""

from __future__ import annotations

import json
import re
from typing import Any

from .fault import Fault
from .micro_vm import MicroVm

_LINK_LOCAL = re.compile(r"169\.254\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])\.\d+")


def set_mmds_config(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    if "ipv4_address" in value and _LINK_LOCAL.fullmatch(value["ipv4_address"]) is None:
        raise Fault("MMDS config error: The MMDS IPv4 address is not link local.")
    if not value["network_interfaces"]:
        raise Fault(
            "MMDS config error: The list of network interface IDs that allow forwarding MMDS requests is empty.",
        )
    known = {interface["iface_id"] for interface in vm.interfaces}
    if not known.issuperset(value["network_interfaces"]):
        raise Fault(
            "MMDS config error: The list of network interface IDs provided contains at least one ID that does not "
            "correspond to any existing network interface.",
        )
    vm.mmds_config = {"ipv4_address": "169.254.169.254", **value}


def read_mmds(vm: MicroVm, _: Any) -> Any:
    return {} if vm.mmds is None else vm.mmds


def write_mmds(vm: MicroVm, value: Any) -> None:
    _check_size(vm, value)
    vm.mmds = value


def patch_mmds(vm: MicroVm, value: Any) -> None:
    if vm.mmds is None:
        raise Fault("MMDS error: The MMDS data store is not initialized.")
    merged = _merge(vm.mmds, value)
    _check_size(vm, merged)
    vm.mmds = merged


def _check_size(vm: MicroVm, value: Any) -> None:
    if len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()) > vm.mmds_limit:
        raise Fault("MMDS limit exceeded error: The MMDS patch request doesn't fit.", 413)


def _merge(target: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged
