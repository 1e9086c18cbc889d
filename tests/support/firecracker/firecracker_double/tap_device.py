"""Joins a TAP device, as a network interface does from its first request on."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct

from .fault import Fault, describe_os_error
from .file_view import FileView

# linux/if_tun.h
_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_IFF_VNET_HDR = 0x4000
_MAX_NAME_BYTES = 15


def open_tap(view: FileView, name: str) -> int:
    """A descriptor of the device in this process's own network namespace, with the rights of Firecracker's user."""
    try:
        if not 0 < len(name.encode()) <= _MAX_NAME_BYTES:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        _require_device(name)
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            request = struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR)
            with view.as_its_user():
                fcntl.ioctl(descriptor, _TUNSETIFF, request)
            return descriptor
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise Fault(
            "Network config error: Cannot open/create the tap device: Open tap device failed: Error while creating "
            f"ifreq structure: {describe_os_error(error)}. Invalid TUN/TAP Backend provided by {name}. "
            "Check our documentation on setting up the network devices.",
        ) from None


def _require_device(name: str) -> None:
    """TUNSETIFF would make a device that is missing."""
    try:
        socket.if_nametoindex(name)
    except OSError:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from None
