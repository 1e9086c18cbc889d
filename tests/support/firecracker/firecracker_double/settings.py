"""What may be set before the machine starts, and the rules beyond the form of the bodies."""

from __future__ import annotations

import os
import socket
from typing import Any

from .fault import Fault, describe_os_error
from .micro_vm import MicroVm
from .tap_device import open_tap

MAX_VCPUS = 32
# linux_loader gets this bound from Firecracker's arch::x86_64.
MAX_KERNEL_ARGUMENTS = 2048
DEFAULT_KERNEL_ARGUMENTS = (
    "reboot=k panic=1 nomodule 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd swiotlb=noforce"
)


def set_machine(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    updated = {**vm.machine, **value}
    vcpus, memory = updated["vcpu_count"], updated["mem_size_mib"]
    if not 1 <= vcpus <= MAX_VCPUS or (updated["smt"] and vcpus > 1 and vcpus % 2 == 1):
        raise Fault(
            "Machine config error: The vCPU number is invalid! The vCPU number can only be 1 or an even number when "
            f"SMT is enabled, greater than 0 and at most {MAX_VCPUS}.",
        )
    if memory == 0 or (updated["huge_pages"] == "2M" and memory % 2 == 1):
        raise Fault(
            "Machine config error: The memory size (MiB) is either 0, or not a multiple of the configured page size.",
        )
    if vm.balloon is not None and memory < vm.balloon["amount_mib"]:
        raise Fault(
            "Machine config error: The memory size (MiB) is smaller than the previously set balloon device target "
            "size.",
        )
    vm.machine = updated


def update_machine(vm: MicroVm, value: dict[str, Any]) -> None:
    if not value:
        raise Fault("Empty PATCH request.")
    set_machine(vm, value)


def set_boot_source(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    # Kept even if it turns out to be of no use, as there.
    vm.boot_source = None
    try:
        os.close(vm.view.open(value["kernel_image_path"], os.O_RDONLY))
    except OSError as error:
        raise Fault(f"Boot source error: The kernel file cannot be opened: {describe_os_error(error)}") from None
    if "initrd_path" in value:
        try:
            os.close(vm.view.open(value["initrd_path"], os.O_RDONLY))
        except OSError as error:
            raise Fault(
                "Boot source error: The initrd file cannot be opened due to invalid path or invalid permissions. "
                f"{describe_os_error(error)}",
            ) from None
    arguments = value.get("boot_args", DEFAULT_KERNEL_ARGUMENTS)
    if not (arguments.isascii() and (arguments == "" or arguments.isprintable())):
        raise Fault(
            "Boot source error: The kernel command line is invalid: String contains a non-printable ASCII character."
        )
    if len(arguments) >= MAX_KERNEL_ARGUMENTS:
        raise Fault(
            "Boot source error: The kernel command line is invalid: Inserting string would make command line too long."
        )
    vm.boot_source = value


def set_cpu_config(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.cpu_config = value


def set_drive(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    others = [drive for drive in vm.drives if drive["drive_id"] != value["drive_id"]]
    if value["is_root_device"] and any(drive["is_root_device"] for drive in others):
        raise Fault("Drive config error: A root block device already exists!")
    if ("socket" in value) == ("path_on_host" in value):
        raise Fault("Drive config error: Invalid block device: it needs either a path_on_host or a socket.")
    if "socket" in value:
        if any(name in value for name in ("is_read_only", "rate_limiter", "io_engine")):
            raise Fault("Drive config error: Invalid block device: options of a file together with a socket.")
        _check_socket(vm, value["socket"])
    else:
        value.setdefault("is_read_only", False)
        value.setdefault("io_engine", "Sync")
        check_drive_file(vm, value["path_on_host"], value["is_read_only"])
    index = next((at for at, drive in enumerate(vm.drives) if drive["drive_id"] == value["drive_id"]), None)
    if index is None:
        vm.drives.insert(0 if value["is_root_device"] else len(vm.drives), value)
    else:
        vm.drives[index] = value
        if value["is_root_device"]:
            # The root device is /dev/vda.
            vm.drives.insert(0, vm.drives.pop(index))


def check_drive_file(vm: MicroVm, path: str, is_read_only: bool) -> None:
    try:
        os.close(vm.view.open(path, os.O_RDONLY if is_read_only else os.O_RDWR))
    except OSError as error:
        raise Fault(
            "Drive config error: Unable to create the virtio block device: Virtio backend error: Error manipulating "
            f"the backing file: {describe_os_error(error)} {path}",
        ) from None


def _check_socket(vm: MicroVm, path: str) -> None:
    try:
        vm.view.connect(path).close()
    except OSError as error:
        raise Fault(
            "Drive config error: Unable to create the vhost-user block device: Vhost-user error: "
            f"{describe_os_error(error)}",
        ) from None


def set_pmem(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    try:
        descriptor = vm.view.open(value["path_on_host"], os.O_RDONLY if value["read_only"] else os.O_RDWR)
        size = os.fstat(descriptor).st_size
        os.close(descriptor)
    except OSError as error:
        raise Fault(f"Pmem device error: Error with pmem backing file: {describe_os_error(error)}") from None
    if size == 0:
        raise Fault("Pmem device error: Error with pmem backing file: The file is empty.")
    others = [device for device in vm.pmem if device["id"] != value["id"]]
    if value["root_device"] and any(device["is_root_device"] for device in vm.drives):
        raise Fault(
            "Pmem device error: Attempt to add pmem as a root device while the root device defined as a block device"
        )
    if value["root_device"] and any(device["root_device"] for device in others):
        raise Fault("Pmem device error: A root pmem device already exists!")
    vm.pmem = [*others, value]


def set_interface(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    identifier = value["iface_id"]
    others = [interface for interface in vm.interfaces if interface["iface_id"] != identifier]
    mac = value.get("guest_mac", "").lower()
    if mac != "" and any(interface.get("guest_mac", "").lower() == mac for interface in others):
        raise Fault(f"Network config error: The MAC address is already in use: {mac}")
    # An interface that is set anew lets go of its device first.
    previous = vm.taps.pop(identifier, None)
    if previous is not None:
        os.close(previous)
    vm.interfaces = others
    vm.taps[identifier] = open_tap(vm.view, value["host_dev_name"])
    vm.interfaces = [*others, value]


def set_balloon(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    if value["amount_mib"] > vm.machine["mem_size_mib"]:
        raise Fault("Balloon config error: Amount of pages requested cannot be greater than guest memory.")
    vm.balloon = value


def set_vsock(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    if vm.vsock is not None and vm.vsock_listener is not None:
        vm.vsock_listener.close()
        vm.vsock_listener = None
        vm.view.remove(vm.vsock["uds_path"])
    vm.vsock_listener = bind_vsock(vm, value["uds_path"], "Vsock config error: Cannot create backend for vsock device")
    vm.vsock = value


def bind_vsock(vm: MicroVm, path: str, prefix: str) -> socket.socket:
    try:
        listener = vm.view.bind(path)
    except OSError as error:
        raise Fault(f"{prefix}: Error binding to the host-side Unix socket: {describe_os_error(error)}") from None
    listener.setblocking(False)
    return listener


def set_entropy(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    vm.entropy = value


def set_hotplug_memory(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.is_boot_path = True
    total, slot, block = value["total_size_mib"], value["slot_size_mib"], value["block_size_mib"]
    if block < 2 or block & (block - 1):
        raise Fault("Memory hotplug config error: Block size must be a power of 2 and at least 2 MiB.")
    if slot < 128 or slot % block:
        raise Fault("Memory hotplug config error: Slot size must be at least 128 MiB and a multiple of the block size.")
    if total < slot or total % slot:
        raise Fault(
            "Memory hotplug config error: Total size must not be lower than the slot size, and a multiple of it."
        )
    vm.hotplug_memory = value


def set_serial(vm: MicroVm, value: dict[str, Any]) -> None:
    vm.serial_path = value.get("serial_out_path")


def set_logger(vm: MicroVm, value: dict[str, Any]) -> None:
    if "log_path" in value:
        try:
            vm.log.open(vm.view, value["log_path"])
        except OSError as error:
            raise Fault(f"Logger error: Failed to open target file: {describe_os_error(error)}") from None
    if "level" in value:
        vm.log.set_level(value["level"])
    vm.logger = value


def set_metrics(vm: MicroVm, value: dict[str, Any]) -> None:
    if vm.log.has_metrics:
        raise Fault(
            "Metrics error: Cannot initialize the metrics system due to bad user input: "
            "Reinitialization of metrics not allowed.",
        )
    try:
        vm.log.open_metrics(vm.view, value["metrics_path"])
    except OSError as error:
        raise Fault(
            f"Metrics error: Cannot initialize the metrics system due to bad user input: {describe_os_error(error)}",
        ) from None
    vm.metrics = value
