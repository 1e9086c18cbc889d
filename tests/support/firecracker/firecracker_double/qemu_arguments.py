"""The command line of the QEMU that stands in for Firecracker's virtual machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Always the emulated processor: /dev/kvm may be there and still not boot an ordinary kernel, and a snapshot can only be
# loaded by the kind of processor that it was taken from. All that QEMU can emulate: a guest without rdrand waits for
# random numbers, and Claude Code's program ends with SIGILL on a processor without the instructions of this decade.
PROCESSOR = "max"

# Without the first two, the kernel hangs in TCG while it calibrates its clock. The last one stands for the i8042, whose
# reset line is how a guest of Firecracker's ends (`reboot=k`) and which QEMU's microvm lacks; of several, the last one
# counts.
KERNEL_ARGUMENTS = "no_timer_check tsc_early_khz=2000000 reboot=t"


@dataclass(frozen=True)
class DriveSlot:
    host_path: str
    is_read_only: bool


@dataclass(frozen=True)
class NetworkSlot:
    descriptor: int
    guest_mac: str | None


@dataclass(frozen=True)
class Boot:
    kernel: str
    initrd: str | None
    arguments: str


@dataclass(frozen=True)
class Hardware:
    """The same for a machine that boots and for one that is loaded."""

    vcpu_count: int
    mem_size_mib: int
    drives: Sequence[DriveSlot]
    networks: Sequence[NetworkSlot]
    balloon: dict[str, Any] | None
    has_entropy: bool


def add_kernel_arguments(arguments: str, added: str) -> str:
    """What follows ` -- ` is for the first process, and what the machine adds comes before that, as in truth."""
    for_kernel, separator, for_init = arguments.partition(" -- ")
    return f"{for_kernel} {added}{separator}{for_init}"


def build_arguments(program: str, monitor: int, hardware: Hardware, boot: Boot | None) -> list[str]:
    """Without something to boot, it waits for a saved machine. In both cases its processors stand still at first."""
    arguments = [program, "-M", "microvm,accel=tcg,ioapic2=on", "-cpu", PROCESSOR]
    arguments += ["-smp", str(hardware.vcpu_count), "-m", str(hardware.mem_size_mib)]
    arguments += ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-S"]
    arguments += ["-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control"]
    arguments += _add_devices(hardware)
    if boot is None:
        return [*arguments, "-incoming", "defer"]
    arguments += ["-kernel", boot.kernel, "-append", add_kernel_arguments(boot.arguments, KERNEL_ARGUMENTS)]
    if boot.initrd is not None:
        arguments += ["-initrd", boot.initrd]
    return arguments


def _add_devices(hardware: Hardware) -> list[str]:
    """The guest finds them in this order, so that the first drive is /dev/vda."""
    arguments: list[str] = []
    devices: list[str] = []
    for index, drive in enumerate(hardware.drives):
        # Without locks, as Firecracker: many machines may read one file.
        file = {"driver": "file", "filename": drive.host_path, "locking": "off"}
        node = {"driver": "raw", "node-name": f"drive{index}", "read-only": drive.is_read_only, "file": file}
        arguments += ["-blockdev", json.dumps(node)]
        devices.append(f"virtio-blk-device,drive=drive{index}")
    for index, network in enumerate(hardware.networks):
        mac = "" if network.guest_mac is None else f",mac={network.guest_mac}"
        arguments += ["-netdev", f"tap,id=net{index},fd={network.descriptor}"]
        devices.append(f"virtio-net-device,netdev=net{index}{mac}")
    if hardware.balloon is not None:
        on_oom = "on" if hardware.balloon["deflate_on_oom"] else "off"
        reporting = "on" if hardware.balloon["free_page_reporting"] else "off"
        devices.append(f"virtio-balloon-device,deflate-on-oom={on_oom},free-page-reporting={reporting}")
    if hardware.has_entropy:
        arguments += ["-object", "rng-random,id=entropy,filename=/dev/urandom"]
        devices.append("virtio-rng-device,rng=entropy")
    for device in devices:
        arguments += ["-device", device]
    return arguments
