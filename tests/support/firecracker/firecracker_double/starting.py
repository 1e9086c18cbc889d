"""Boots the machine, or gives QEMU what a loaded one needs."""

from __future__ import annotations

import os
import re

from .fault import Fault, describe_os_error
from .micro_vm import RUNNING, MicroVm
from .qemu_arguments import Boot, DriveSlot, Hardware, NetworkSlot, add_kernel_arguments
from .qemu_process import QemuError, QemuProcess
from .settings import DEFAULT_KERNEL_ARGUMENTS

_PREFIX = "Start microvm error"
_ELF_MAGIC = b"\x7fELF"
# From the beginning of the ELF header: 64 bits, little-endian; 62 is x86-64.
_ELF_CLASS_64, _ELF_LITTLE, _ELF_X86_64 = 2, 1, 62


def start_machine(vm: MicroVm) -> None:
    if vm.boot_source is None:
        raise Fault(f"{_PREFIX}: Cannot start microvm without kernel configuration.")
    if vm.pmem or vm.hotplug_memory is not None or any("socket" in drive for drive in vm.drives):
        raise Fault(f"{_PREFIX}: this double has no pmem, memory hotplug and vhost-user devices.")
    _check_huge_pages(vm)
    source = vm.boot_source
    kernel = _host_path(vm, source["kernel_image_path"])
    _check_kernel(kernel)
    initrd = None if "initrd_path" not in source else _host_path(vm, source["initrd_path"])
    if initrd is not None and os.stat(initrd).st_size == 0:
        raise Fault(f"{_PREFIX}: Error with initrd initialization: Failed to load initrd: the file is empty.")
    qemu = start_qemu(vm, Boot(kernel, initrd, _complete_arguments(vm)), _PREFIX)
    try:
        qemu.resume()
    except QemuError as error:
        qemu.kill()
        raise Fault(f"{_PREFIX}: {error}") from None
    vm.qemu = qemu
    vm.state = RUNNING


def start_qemu(vm: MicroVm, boot: Boot | None, prefix: str) -> QemuProcess:
    """A QEMU whose processors stand still."""
    try:
        drives = [
            DriveSlot(
                vm.view.host_path(drive["path_on_host"], os.O_RDONLY if drive["is_read_only"] else os.O_RDWR),
                drive["is_read_only"],
            )
            for drive in vm.drives
        ]
    except OSError as error:
        raise Fault(f"{prefix}: Cannot open the block device backing file: {describe_os_error(error)}") from None
    hardware = Hardware(
        vcpu_count=vm.machine["vcpu_count"],
        mem_size_mib=vm.machine["mem_size_mib"],
        drives=drives,
        networks=[NetworkSlot(vm.taps[item["iface_id"]], item.get("guest_mac")) for item in vm.interfaces],
        balloon=vm.balloon,
        has_entropy=vm.entropy is not None,
    )
    console = _open_console(vm, prefix)
    try:
        return QemuProcess.start(hardware, boot, console)
    except QemuError as error:
        raise Fault(f"{prefix}: {error}") from None
    finally:
        if console != 1:
            os.close(console)


def _open_console(vm: MicroVm, prefix: str) -> int:
    if vm.serial_path is None:
        return 1
    try:
        return vm.view.open(vm.serial_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK)
    except OSError as error:
        raise Fault(f"{prefix}: Cannot open the serial console's file: {describe_os_error(error)}") from None


def _complete_arguments(vm: MicroVm) -> str:
    source = vm.boot_source or {}
    arguments = str(source.get("boot_args", DEFAULT_KERNEL_ARGUMENTS))
    root = next((drive for drive in vm.drives if drive["is_root_device"]), None)
    if root is None:
        return arguments
    device = f"PARTUUID={root['partuuid']}" if "partuuid" in root else "/dev/vda"
    return add_kernel_arguments(arguments, f"root={device} {'ro' if root['is_read_only'] else 'rw'}")


def _host_path(vm: MicroVm, path: str) -> str:
    try:
        return vm.view.host_path(path)
    except OSError as error:
        raise Fault(f"{_PREFIX}: {describe_os_error(error)}") from None


def _check_kernel(path: str) -> None:
    """An ELF file for this processor; a compressed bzImage is none."""
    with open(path, "rb") as file:
        header = file.read(64)
    reason = None
    if len(header) < 64 or header[:4] != _ELF_MAGIC:
        reason = "Invalid ELF magic number"
    elif header[4] != _ELF_CLASS_64 or header[5] != _ELF_LITTLE or header[18] | header[19] << 8 != _ELF_X86_64:
        reason = "Unsupported ELF file"
    if reason is not None:
        raise Fault(
            f"{_PREFIX}: Cannot load kernel due to invalid memory configuration or invalid kernel image: "
            f"Kernel Loader: failed to load ELF kernel image: {reason}",
        )


def _check_huge_pages(vm: MicroVm) -> None:
    if vm.machine["huge_pages"] != "2M":
        return
    with open("/proc/meminfo", encoding="ascii") as file:
        found = re.search(r"^HugePages_Free:\s+(\d+)", file.read(), re.MULTILINE)
    if found is None or int(found[1]) * 2 < vm.machine["mem_size_mib"]:
        raise Fault(f"{_PREFIX}: Memory Error: Cannot create mmap region: Cannot allocate memory (os error 12)")
