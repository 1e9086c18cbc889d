"""Joins two TAP devices in two namespaces: what leaves through one arrives at the other, as with a virtual machine.

    tap_relay.py NAMESPACE DEVICE NAMESPACE DEVICE

Prints a line when it is ready, and ends with its standard input.
"""

import ctypes
import fcntl
import os
import select
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
LARGEST_FRAME = 65536


def open_tap(namespace: str, device: str) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", encoding="ascii") as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
    # The device is looked up in the namespace that the opening process is in.
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def main() -> None:
    first = open_tap(sys.argv[1], sys.argv[2])
    second = open_tap(sys.argv[3], sys.argv[4])
    other = {first: second, second: first}
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([0, first, second], [], [])
        if 0 in readable:
            return
        for tap in readable:
            try:
                os.write(other[tap], os.read(tap, LARGEST_FRAME))
            except OSError:
                # A device that is down drops frames.
                continue


main()
