"""Who listens on a port of this network namespace, for the error about a port that is taken."""

from __future__ import annotations

import os
import re
import socket
import sys

_LISTEN = "0A"
_SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")


def describe_port_owner(address: str, port: int) -> str:
    """`nginx (pid 812)`, or what is known of a process that cannot be seen."""
    inodes = _listening_inodes(address, port)
    if not inodes:
        return "a process that cannot be seen from here"
    for pid in _pids():
        if _holds(pid, inodes):
            return f"{_name_of(pid)} (pid {pid})"
    return "a process of another user or container"


def _listening_inodes(address: str, port: int) -> set[str]:
    # The kernel prints the network-order bytes as a number of this machine.
    own = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}"
    # In IPv6's table an IPv4 address stands mapped; the wildcard addresses take every address.
    wanted = {own, "0" * 8, "0" * 32, "0" * 16 + "FFFF0000" + own}
    inodes: set[str] = set()
    for table in ("/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = file.read().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            local, _, port_text = fields[1].partition(":")
            if fields[3] == _LISTEN and int(port_text, 16) == port and local in wanted:
                inodes.add(fields[9])
    return inodes


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _holds(pid: int, inodes: set[str]) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    for name in names:
        try:
            link = _SOCKET_LINK.fullmatch(os.readlink(f"{folder}/{name}"))
        except OSError:
            continue
        if link is not None and link.group(1) in inodes:
            return True
    return False


def _name_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() or "a process"
    except OSError:
        return "a process"
