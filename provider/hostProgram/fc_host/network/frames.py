"""Ethernet frames as a guest would send them.

Layouts: RFC 791 (IPv4), RFC 8200 (IPv6), RFC 768 (UDP), RFC 9293 (TCP).
"""

from __future__ import annotations

import socket
import struct

_SOURCE_MAC = bytes.fromhex("06fc000000fe")
_IPV4 = b"\x08\x00"
_IPV6 = b"\x86\xdd"
_SYN = 0x02


def tcp_opening(mac: str, source: str, target: str, source_port: int, target_port: int) -> bytes:
    """The first segment of a connection."""
    segment = struct.pack("!HHIIBBHHH", source_port, target_port, 1, 0, 5 << 4, _SYN, 1024, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 6, len(segment))
    checked = segment[:16] + struct.pack("!H", _checksum(pseudo + segment)) + segment[18:]
    return _ipv4(mac, source, target, 6, checked)


def ipv6_datagram() -> bytes:
    """To all devices on the link (RFC 4291, 2.7.1), as the host's own devices would take it."""
    source, target = (socket.inet_pton(socket.AF_INET6, address) for address in ("fe80::fc", "ff02::1"))
    body = struct.pack("!HHH", 9, 9, 8)
    checksum = _checksum(source + target + struct.pack("!IHBB", 8, 0, 0, 17) + body + b"\0\0")
    header = struct.pack("!IHBB", 6 << 28, 8, 17, 255) + source + target
    return _ethernet("33:33:00:00:00:01", _IPV6) + header + body + struct.pack("!H", checksum)


def _ipv4(mac: str, source: str, target: str, protocol: int, body: bytes) -> bytes:
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(body), 0, 0, 64, protocol)
    checksum = _checksum(start + b"\0\0" + addresses)
    return _ethernet(mac, _IPV4) + start + struct.pack("!H", checksum) + addresses + body


def _ethernet(mac: str, kind: bytes) -> bytes:
    return bytes.fromhex(mac.replace(":", "")) + _SOURCE_MAC + kind


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
