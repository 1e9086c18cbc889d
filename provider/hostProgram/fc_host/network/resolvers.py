"""Which name servers guests may ask: those that are named, or those of the host."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from .plan import Plan

# systemd-resolved listens on a loopback address and writes down here whom it asks itself (systemd-resolved(8)).
_FILES = ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")


class Resolvers(NamedTuple):
    # Whom the guest may ask.
    of_guests: tuple[str, ...]
    # Whom the host asks for the addresses of names.
    of_host: tuple[str, ...]


def find_resolvers(plan: Plan) -> Resolvers:
    if plan.resolvers is not None:
        return Resolvers(plan.resolvers, plan.resolvers)
    local: list[str] = []
    for path in _FILES:
        found = _read_nameservers(path)
        reachable = tuple(address for address in found if not ipaddress.IPv4Address(address).is_loopback)
        if reachable:
            return Resolvers(reachable, reachable)
        local += found
    return Resolvers((), tuple(local))


def _read_nameservers(path: str) -> list[str]:
    """The IPv4 ones: guests have no IPv6."""
    found: list[str] = []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                if len(words) >= 2 and words[0] == "nameserver" and _is_ipv4(words[1]) and words[1] not in found:
                    found.append(words[1])
    except OSError:
        pass  # No such file: no name server.
    return found


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
