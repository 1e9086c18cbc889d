"""Which network devices and addresses this network namespace has, asked of the kernel over netlink.

Layouts: linux/netlink.h, linux/rtnetlink.h, linux/if_addr.h. A netlink socket belongs to the network namespace
that its thread is in when it is opened, so each dump opens a socket of its own.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

RTM_NEWLINK = 16
RTM_GETLINK = 18
RTM_NEWADDR = 20
RTM_GETADDR = 22
NLM_F_REQUEST = 0x1
NLM_F_DUMP = 0x300
NLMSG_ERROR = 2
NLMSG_DONE = 3

IFLA_IFNAME = 3
IFA_ADDRESS = 1
IFA_LOCAL = 2

_MESSAGE_HEADER = struct.Struct("=IHHII")
_LINK_HEADER = struct.Struct("=BxHiII")
_ADDRESS_HEADER = struct.Struct("=BBBBi")
_ATTRIBUTE_HEADER = struct.Struct("=HH")

# The kernel fills a dump's datagrams up to 32 KiB; a smaller buffer would cut them.
RECEIVE_BYTES = 64 * 1024
# The kernel answers at once; the bound is there so that no fault can hold the event loop for good.
ANSWER_SECONDS = 2.0


class InterfaceAddress(NamedTuple):
    """An IPv4 address on a device. `subnet` is the network number, for a point-to-point address the peer's."""

    address: str
    ifindex: int
    prefix_length: int
    subnet: str

    def covers(self, address: str) -> bool:
        mask = (0xFFFFFFFF << (32 - self.prefix_length)) & 0xFFFFFFFF
        return (_to_int(address) ^ _to_int(self.subnet)) & mask == 0


class Device(NamedTuple):
    """The network device that carries an address."""

    name: str
    ifindex: int
    address: InterfaceAddress


def read_links() -> dict[int, str]:
    """Names of all devices of this namespace, by their index."""
    links: dict[int, str] = {}
    for body in _dump(RTM_GETLINK, RTM_NEWLINK, _LINK_HEADER.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        index = int(_LINK_HEADER.unpack_from(body)[2])
        name = _attributes(body, _LINK_HEADER.size).get(IFLA_IFNAME, b"")
        links[index] = os.fsdecode(name.rstrip(b"\0"))
    return links


def read_addresses() -> list[InterfaceAddress]:
    """All IPv4 addresses of this namespace, secondary ones too."""
    addresses: list[InterfaceAddress] = []
    request = _ADDRESS_HEADER.pack(socket.AF_INET, 0, 0, 0, 0)
    for body in _dump(RTM_GETADDR, RTM_NEWADDR, request):
        family, prefix_length, _flags, _scope, index = _ADDRESS_HEADER.unpack_from(body)
        if family != socket.AF_INET:
            continue
        attributes = _attributes(body, _ADDRESS_HEADER.size)
        far = attributes.get(IFA_ADDRESS)
        own = attributes.get(IFA_LOCAL, far)
        if own is None or far is None or len(own) != 4 or len(far) != 4:
            continue
        addresses.append(InterfaceAddress(socket.inet_ntoa(own), index, prefix_length, _network(far, prefix_length)))
    return addresses


def find_device(address: str) -> Device | None:
    """The device that carries `address`; None where there is none (yet)."""
    for candidate in read_addresses():
        if candidate.address == address:
            name = read_links().get(candidate.ifindex)
            # None: the device went between the two dumps.
            return None if name is None else Device(name, candidate.ifindex, candidate)
    return None


def _dump(request_type: int, answer_type: int, payload: bytes) -> list[bytes]:
    bodies: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as netlink:
        netlink.settimeout(ANSWER_SECONDS)
        netlink.bind((0, 0))
        length = _MESSAGE_HEADER.size + len(payload)
        netlink.sendto(_MESSAGE_HEADER.pack(length, request_type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + payload, (0, 0))
        while True:
            data, sender = netlink.recvfrom(RECEIVE_BYTES)
            if sender[0] != 0:
                continue  # Only the kernel (port 0) is believed; any process may send to a netlink port.
            for kind, body in _messages(data):
                if kind == NLMSG_DONE:
                    return bodies
                if kind == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    raise OSError(number, os.strerror(number))
                if kind == answer_type:
                    bodies.append(body)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _MESSAGE_HEADER.size <= len(data):
        length, kind, _flags, _sequence, _port = _MESSAGE_HEADER.unpack_from(data, at)
        if length < _MESSAGE_HEADER.size:
            return
        yield kind, data[at + _MESSAGE_HEADER.size : at + length]
        at += (length + 3) & ~3


def _attributes(body: bytes, at: int) -> dict[int, bytes]:
    attributes: dict[int, bytes] = {}
    while at + _ATTRIBUTE_HEADER.size <= len(body):
        length, kind = _ATTRIBUTE_HEADER.unpack_from(body, at)
        if length < _ATTRIBUTE_HEADER.size:
            break
        attributes[kind & 0x3FFF] = body[at + _ATTRIBUTE_HEADER.size : at + length]
        at += (length + 3) & ~3
    return attributes


def _to_int(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "big")


def _network(address: bytes, prefix_length: int) -> str:
    mask = (0xFFFFFFFF << (32 - prefix_length)) & 0xFFFFFFFF
    return socket.inet_ntoa((int.from_bytes(address, "big") & mask).to_bytes(4, "big"))
