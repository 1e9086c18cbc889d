"""What a network lacks, and the lines of `ip` that mend it: of a device only what is wrong is touched."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import NamedTuple

from .links import Link, Route
from .plan import INNER_VETH, Plan


class Fault(NamedTuple):
    # A sentence without its full stop.
    text: str
    # For `ip -batch`, in the namespace where the fault is.
    mending: tuple[str, ...] = ()


def find_tap_faults(plan: Plan, links: dict[str, Link]) -> list[Fault]:
    tap = links.get(plan.tap)
    wanted_owner = f"user {plan.tap_uid}" + ("" if plan.tap_gid is None else f" group {plan.tap_gid}")
    making = (
        f"tuntap add dev {plan.tap} mode tap {wanted_owner}",
        f"link set dev {plan.tap} alias {plan.alias}",
        # No address of IPv6, which no guest has.
        f"link set dev {plan.tap} addrgenmode none",
        f"link set dev {plan.tap} address {plan.tap_mac}",
        f"address add {plan.host_interface} broadcast + dev {plan.tap}",
        f"link set dev {plan.tap} up",
    )
    if tap is None:
        return [Fault(f"the TAP device {plan.tap} is missing", making)]
    if (tap.uid, tap.gid) != (plan.tap_uid, plan.tap_gid):
        text = f"the TAP device {plan.tap} may be opened by {_owner(tap.uid, tap.gid)}, not by {wanted_owner}"
        # Made anew only where no virtual machine has it.
        return [Fault(text, () if tap.has_carrier else (f"link delete dev {plan.tap}", *making))]
    faults = [] if tap.alias == plan.alias else [Fault(f"the TAP device {plan.tap} has lost its mark", making[1:2])]
    if tap.mac != plan.tap_mac:
        text = f"the TAP device {plan.tap} has the MAC address {tap.mac}, not {plan.tap_mac}"
        faults.append(Fault(text, (making[3],)))
    return faults + _find_address_faults(tap, plan.host_interface) + _find_down(tap)


def find_veth_faults(plan: Plan, links: dict[str, Link], subnet: IPv4Network) -> list[Fault]:
    """At the host's end."""
    address = f"{subnet[1]}/{subnet.prefixlen}"
    making = (
        f"link add dev {plan.veth} type veth peer name {INNER_VETH} netns {plan.netns}",
        f"link set dev {plan.veth} alias {plan.alias}",
        f"link set dev {plan.veth} addrgenmode none",
        f"address add {address} broadcast + dev {plan.veth}",
        f"link set dev {plan.veth} up",
    )
    veth = links.get(plan.veth)
    if veth is None:
        return [Fault(f"the link {plan.veth} to the namespace {plan.netns} is missing", making)]
    return _find_address_faults(veth, address) + _find_down(veth)


def find_inner_faults(plan: Plan, links: dict[str, Link], routes: list[Route], subnet: IPv4Network) -> list[Fault]:
    """At the namespace's end of the pair, and the way out."""
    faults = (
        [] if links["lo"].is_up else [Fault(f"the loopback device in {plan.netns} is down", ("link set dev lo up",))]
    )
    address = f"{subnet[2]}/{subnet.prefixlen}"
    route = f"route replace default via {subnet[1]} dev {INNER_VETH}"
    veth = links.get(INNER_VETH)
    if veth is None:
        return [*faults, Fault(f"the link {INNER_VETH} in {plan.netns} is missing")]
    faults += _find_address_faults(veth, address)
    if not veth.is_up:
        faults.append(
            Fault(f"the device {INNER_VETH} is down", (f"link set dev {INNER_VETH} addrgenmode none", _up(veth)))
        )
    defaults = [found for found in routes if found.target == "default"]
    if not any((found.device, found.gateway) == (INNER_VETH, str(subnet[1])) for found in defaults):
        faults.append(Fault(f"the default route in {plan.netns} is missing", (route,)))
    return faults


def _find_address_faults(link: Link, wanted: str) -> list[Fault]:
    faults = []
    if wanted not in link.addresses:
        text = f"the device {link.name} has no address {wanted}"
        faults.append(Fault(text, (f"address add {wanted} broadcast + dev {link.name}",)))
    for other in link.addresses:
        if other != wanted:
            text = f"the device {link.name} has the address {other}, which is not ours"
            # First, since the kernel takes the secondary addresses along with their primary one.
            faults.insert(0, Fault(text, (f"address delete {other} dev {link.name}",)))
    return faults


def _find_down(link: Link) -> list[Fault]:
    return [] if link.is_up else [Fault(f"the device {link.name} is down", (_up(link),))]


def _up(link: Link) -> str:
    return f"link set dev {link.name} up"


def _owner(uid: int | None, gid: int | None) -> str:
    if uid is None and gid is None:
        return "everybody"
    return " and ".join(f"{kind} {number}" for kind, number in (("user", uid), ("group", gid)) if number is not None)
