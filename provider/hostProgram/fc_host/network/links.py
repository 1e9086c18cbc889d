"""Devices, addresses and routes of the network namespace of the calling thread, as `ip` tells them.

Not from /sys/class/net: that shows the namespace in which /sys was mounted.
"""

from __future__ import annotations

import grp
import json
import pwd
from ipaddress import IPv4Network
from typing import Callable, NamedTuple

from .tools import run_tool


class Link(NamedTuple):
    name: str
    # tun, veth, bridge and so on; empty for hardware.
    kind: str
    mac: str
    is_up: bool
    has_carrier: bool
    alias: str
    # 172.16.0.1/24 and so on, IPv4 only.
    addresses: tuple[str, ...]
    # Who may open a TAP device; None where nobody is named.
    uid: int | None
    gid: int | None


class Route(NamedTuple):
    # A network, or `default`.
    target: str
    device: str
    gateway: str | None
    metric: int


def read_links() -> dict[str, Link]:
    links: dict[str, Link] = {}
    for entry in json.loads(run_tool("ip", "-j", "-d", "address", "show") or "[]"):
        # Old versions print empty objects for what they filter out.
        if "ifname" not in entry:
            continue
        flags = entry.get("flags", [])
        info = entry.get("linkinfo", {})
        data = info.get("info_data", {})
        links[entry["ifname"]] = Link(
            name=entry["ifname"],
            kind=info.get("info_kind", ""),
            mac=entry.get("address", ""),
            is_up="UP" in flags,
            has_carrier="NO-CARRIER" not in flags,
            alias=entry.get("ifalias", ""),
            addresses=tuple(
                f"{address['local']}/{address['prefixlen']}"
                for address in entry.get("addr_info", [])
                if address.get("family") == "inet"
            ),
            uid=_id_of(data.get("user"), lambda name: pwd.getpwnam(name).pw_uid),
            gid=_id_of(data.get("group"), lambda name: grp.getgrnam(name).gr_gid),
        )
    return links


def read_routes() -> list[Route]:
    return [
        Route(entry["dst"], entry["dev"], entry.get("gateway"), entry.get("metric", 0))
        for entry in json.loads(run_tool("ip", "-4", "-j", "route", "show", "table", "main") or "[]")
        if "dst" in entry and "dev" in entry
    ]


def find_default_device(routes: list[Route]) -> str | None:
    """The device of the default route that the kernel prefers."""
    defaults = sorted((route for route in routes if route.target == "default"), key=lambda route: route.metric)
    return defaults[0].device if defaults else None


def used_networks(links: dict[str, Link], routes: list[Route]) -> list[tuple[IPv4Network, str]]:
    """All networks that this namespace knows, each with what knows it. Default routes do not count."""
    used = [
        (IPv4Network(address, strict=False), f"{link.name} has {address}")
        for link in links.values()
        for address in link.addresses
    ]
    for route in routes:
        if route.target != "default":
            used.append((IPv4Network(route.target, strict=False), f"a route to {route.target} by {route.device}"))
    return used


def _id_of(value: object, look_up: Callable[[str], int]) -> int | None:
    """`ip` names users and groups where it can, and gives their numbers where it cannot."""
    if value is None or type(value) is int:
        return value
    text = str(value)
    try:
        return int(text) if text.isdigit() else look_up(text)
    except KeyError:
        return None
