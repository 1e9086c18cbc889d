"""Looks at a network: what of it is not as it should be."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Network
from typing import NamedTuple

from task_server.netns import named_inode
from task_server.refusal import Refusal

from .faults import Fault, find_inner_faults, find_tap_faults, find_veth_faults
from .foreign import find_foreign_drops
from .links import read_links, read_routes
from .plan import Plan
from .refresher import has_refresher, read_complaints
from .remembered import Remembered
from .resolvers import Resolvers
from .ruleset import digest_rules
from .shared import is_forwarding
from .sides import HOST, INNER, find_uplink, sides_of
from .tables import digest_table
from .tools import run_inside


class Sight(NamedTuple):
    status: str
    faults: list[str]
    findings: list[str]
    uplink: str | None


def look_at(plan: Plan, folder: str, remembered: Remembered | None, resolvers: Resolvers) -> Sight:
    """`absent`: nothing of it is there; `degraded`: something of it is not as declared; `ready`: all of it is."""
    if remembered is None or not remembered.is_of_this_host:
        reason = "nothing is known of it there" if remembered is None else "the host has been started anew"
        return Sight("absent", [f"the network is gone: {reason}"], [], None)
    links, routes = read_links(), read_routes()
    faults: list[str] = []
    uplink = None
    try:
        uplink = find_uplink(plan, links, routes)
    except Refusal as refusal:
        faults.append(refusal.message)
    is_there = plan.netns is None or named_inode(plan.netns) == remembered.netns_inode
    subnet = None if remembered.link_subnet is None else IPv4Network(remembered.link_subnet)
    if not is_there:
        faults.append(_describe_netns(plan))
    if subnet is not None:
        faults += _texts(find_veth_faults(plan, links, subnet))
        if is_there:
            faults += run_inside(plan.netns, partial(_look_inside, plan, subnet))
    else:
        faults += _texts(find_tap_faults(plan, links))
    if plan.egress != "none" and not is_forwarding():
        faults.append("the kernel does not forward packets (net.ipv4.ip_forward)")
    for place, side in sides_of(plan, uplink, subnet).items():
        if place == HOST or is_there:
            netns = plan.netns if place == INNER else None
            seen = run_inside(netns, partial(digest_table, plan.table))
            # Without an uplink it is not known what the rules should be.
            is_known = uplink is not None or plan.egress == "none"
            wanted = digest_rules(plan, side, resolvers.of_guests) if is_known else None
            faults += _find_rule_faults(place, plan, remembered, wanted, seen)
    if plan.names and not has_refresher(folder, plan, resolvers.of_host):
        faults.append("the process that keeps the addresses of names up to date is not there")
    is_gone = not is_there and plan.veth not in links if plan.netns else plan.tap not in links
    status = "ready" if not faults else "absent" if is_gone else "degraded"
    return Sight(status, faults, find_findings(plan, folder, remembered, resolvers), uplink)


def find_findings(plan: Plan, folder: str, remembered: Remembered, resolvers: Resolvers) -> list[str]:
    """What a person should know although nothing of ours is wrong."""
    found = [] if plan.egress == "none" or not plan.names else read_complaints(folder)
    if plan.egress != "none" and not resolvers.of_guests:
        found.append("the host has no name server that a guest can reach: set `resolvers`")
    for drop in list_foreign_drops(plan):
        if drop not in remembered.harmless:
            found.append(drop)
    return found


def list_foreign_drops(plan: Plan) -> list[str]:
    """What may keep the guest's packets from passing, in words."""
    device = plan.tap if plan.netns is None else plan.veth
    drops = [] if plan.egress == "none" else find_foreign_drops("forward", device)
    if plan.netns is None:
        drops += find_foreign_drops("input", device)
    return [f"{drop.what}. {drop.hint}" for drop in drops]


def _look_inside(plan: Plan, subnet: IPv4Network) -> list[str]:
    links, routes = read_links(), read_routes()
    texts = _texts(find_tap_faults(plan, links) + find_inner_faults(plan, links, routes, subnet))
    if not is_forwarding():
        texts.append(f"the kernel does not forward packets in the namespace {plan.netns}")
    return texts


def _find_rule_faults(
    place: str, plan: Plan, remembered: Remembered, wanted: str | None, seen: str | None
) -> list[str]:
    where = f" in the namespace {plan.netns}" if place == INNER else ""
    table = f"the table inet {plan.table}{where}"
    rules = remembered.rules.get(place)
    if seen is None:
        return [f"{table} is missing"]
    if rules is None or seen != rules.seen:
        return [f"{table} has been changed"]
    if wanted not in (None, rules.wanted):
        return [f"{table} has not the rules that are declared now"]
    return []


def _describe_netns(plan: Plan) -> str:
    if named_inode(plan.netns or "") is None:
        return f"the namespace {plan.netns} is missing"
    return f"the namespace {plan.netns} is not the one that was made"


def _texts(faults: list[Fault]) -> list[str]:
    return [fault.text for fault in faults]
