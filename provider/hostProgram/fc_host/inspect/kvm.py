"""Whether KVM works: not only whether its device is there. Numbers: linux/kvm.h."""

from __future__ import annotations

import fcntl
import os

from fc_host.inspect.finding import Finding

DEVICE = "/dev/kvm"

KVM_GET_API_VERSION = 0xAE00
KVM_CREATE_VM = 0xAE01
KVM_CREATE_VCPU = 0xAE41
# The interface is stable since Linux 2.6.22; any other number is not KVM.
_API_VERSION = 12

_ABSENT_HINT = (
    "Switch virtualisation on in the firmware and load kvm_intel or kvm_amd; on a virtual machine, nested "
    "virtualisation has to be allowed by its host (with a cloud: a bare-metal or nested type)."
)


def check_kvm(device: str = DEVICE) -> Finding:
    """Opens the device and makes a virtual machine with one CPU, which is gone again at once."""
    try:
        kvm = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return Finding("error", "kvm", f"there is no {device}", _ABSENT_HINT)
    except PermissionError:
        hint = "Log in as root, set `sudo`, or put the user into the group of the device (often kvm)."
        return Finding("error", "kvm", f"{device} may not be opened for reading and writing", hint)
    except OSError as error:
        return Finding("error", "kvm", f"{device} cannot be opened: {error.strerror}", _ABSENT_HINT)
    descriptors = [kvm]
    try:
        version = fcntl.ioctl(kvm, KVM_GET_API_VERSION, 0)
        if version != _API_VERSION:
            return Finding("error", "kvm", f"{device} speaks version {version} of its interface, not {_API_VERSION}")
        descriptors.append(fcntl.ioctl(kvm, KVM_CREATE_VM, 0))
        descriptors.append(fcntl.ioctl(descriptors[-1], KVM_CREATE_VCPU, 0))
    except OSError as error:
        reason = f"{device} is there, and no virtual machine can be made: {error.strerror}"
        return Finding("error", "kvm", reason, _ABSENT_HINT)
    finally:
        for descriptor in reversed(descriptors):
            os.close(descriptor)
    return Finding("ok", "kvm", f"{device} works: a virtual machine with a CPU could be made")
