"""Makes a network, or mends what is wrong with it, part by part. Each looks first and touches nothing that is right."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from ipaddress import IPv4Network
from typing import NamedTuple

from task_server.netns import named_inode
from task_server.refusal import Refusal

from ..records import Claimed, Owner
from .faults import Fault, find_inner_faults, find_tap_faults, find_veth_faults
from .links import Link, read_links, read_routes, used_networks
from .names import resolve_names
from .namespaces import name_namespace, new_namespace
from .plan import Plan
from .refresher import has_refresher, start_refresher, stop_refresher
from .remembered import Remembered, Rules
from .resolvers import Resolvers
from .ruleset import Element, digest_rules, render_rules
from .shared import choose_link, is_forwarding, networks_locked, read_others, start_forwarding, start_host_forwarding
from .sides import INNER, sides_of
from .tables import apply_rules, digest_table, list_table
from .tools import run_batch, run_inside


class Site(NamedTuple):
    """A network that is worked on: its folder is held."""

    plan: Plan
    claimed: Claimed
    owner: Owner
    resolvers: Resolvers

    def remember(self, remembered: Remembered) -> Remembered:
        remembered.write(self.claimed, self.owner)
        return remembered


def begin(site: Site, found: Remembered | None) -> Remembered:
    """Refuses what is not ours, chooses the link's addresses, and writes down what is going to be made."""
    plan = site.plan
    # Of an earlier boot only the link's addresses count: the rest has gone with it.
    known = found if found is not None and found.is_of_this_host else None
    links, routes = read_links(), read_routes()
    _refuse_foreign(plan, known, links)
    remembered = known or Remembered.new(plan)
    with networks_locked() as shared:
        own = {name for name, link in links.items() if link.alias == plan.alias}
        used = used_networks(
            {name: link for name, link in links.items() if name not in own},
            [route for route in routes if route.device not in own],
        )
        if plan.netns is None:
            _refuse_overlap(plan.tap_subnet, used)
        else:
            others = [other.link_subnet for other in read_others(shared, plan.name)]
            taken = [*used, *((IPv4Network(link), f"another network of ours has {link}") for link in others if link)]
            remembered = remembered._replace(link_subnet=str(_link_of(plan, known, found, taken)))
        # Within the lock: the next network must not choose the same.
        return site.remember(remembered._replace(netns_inode=known.netns_inode if known else None))


def ensure_namespace(site: Site, remembered: Remembered) -> Remembered:
    name = site.plan.netns
    if name is None or named_inode(name) is not None:
        return remembered
    with new_namespace() as (inode, holder):
        remembered = site.remember(remembered._replace(netns_inode=inode))
        name_namespace(name, holder)
    return remembered


def ensure_devices(site: Site, remembered: Remembered) -> None:
    plan = site.plan
    if remembered.link_subnet is None:
        _mend(find_tap_faults(plan, read_links()))
    else:
        subnet = IPv4Network(remembered.link_subnet)
        _mend(find_veth_faults(plan, read_links(), subnet))
        run_inside(plan.netns, partial(_ensure_inside, plan, subnet))
    if plan.egress != "none":
        with networks_locked() as shared:
            start_host_forwarding(shared)


def ensure_rules(site: Site, remembered: Remembered, uplink: str | None) -> tuple[Remembered, bool]:
    """Puts the rules where they are not as they should be. Tells whether it had to."""
    plan, servers = site.plan, site.resolvers
    subnet = None if remembered.link_subnet is None else IPv4Network(remembered.link_subnet)
    was_changed = False
    elements: tuple[Element, ...] | None = None
    for place, side in sides_of(plan, uplink, subnet).items():
        netns = plan.netns if place == INNER else None
        wanted = digest_rules(plan, side, servers.of_guests)
        seen = run_inside(netns, partial(digest_table, plan.table))
        if seen is not None and remembered.rules.get(place) == Rules(wanted, seen):
            continue
        if elements is None:
            elements = _resolve(plan, servers)
        run_inside(netns, partial(apply_rules, render_rules(plan, side, servers.of_guests, elements)))
        now = run_inside(netns, partial(digest_table, plan.table))
        remembered = remembered._replace(rules={**remembered.rules, place: Rules(wanted, now or "")})
        # At once: rules that nobody remembers would count as changed by somebody else.
        remembered = site.remember(remembered)
        was_changed = True
    return remembered, was_changed


def ensure_refresher(site: Site) -> None:
    plan, folder, servers = site.plan, site.claimed.folder, site.resolvers.of_host
    if not plan.names:
        stop_refresher(folder)
    elif not has_refresher(folder, plan, servers):
        start_refresher(folder, plan, servers)


def _ensure_inside(plan: Plan, subnet: IPv4Network) -> None:
    # The other end of the pair is up when this one is looked at, so routes by it can be made.
    _mend(find_tap_faults(plan, read_links()))
    for _ in range(2):
        # A route can be made only when its device is up and has its address.
        faults = find_inner_faults(plan, read_links(), read_routes(), subnet)
        if not faults:
            break
        _mend(faults)
    if not is_forwarding():
        start_forwarding()


def _mend(faults: list[Fault]) -> None:
    run_batch([command for fault in faults for command in fault.mending])


def _resolve(plan: Plan, servers: Resolvers) -> tuple[Element, ...]:
    if not plan.names:
        return ()
    resolved = resolve_names(plan.names, servers.of_host)
    if resolved.faults:
        raise Refusal(
            "name_unresolved",
            "; ".join(resolved.faults),
            "Correct the entry in `egress.allow`, or `resolvers`, which the host asks as well.",
        )
    return resolved.elements


def _refuse_foreign(plan: Plan, known: Remembered | None, links: dict[str, Link]) -> None:
    """Everything that bears a name of ours has to be known as ours."""
    if plan.netns is not None:
        inode = named_inode(plan.netns)
        if inode is not None and (known is None or known.netns_inode != inode):
            raise _not_ours(f"the namespace {plan.netns}", "netns")
    device = plan.tap if plan.netns is None else plan.veth
    link = links.get(device)
    is_unmarked = known is not None and not known.is_complete and link is not None and link.alias == ""
    if link is not None and link.alias != plan.alias and not is_unmarked:
        raise _not_ours(f"the device {device}", "tapName")
    if known is None and list_table(plan.table) is not None:
        raise _not_ours(f"the table inet {plan.table}", "tapName")


def _not_ours(what: str, option: str) -> Refusal:
    return Refusal("not_ours", f"{what} exists and is not ours", f"Remove it there, or choose another `{option}`.")


def _refuse_overlap(wanted: IPv4Network, used: Iterable[tuple[IPv4Network, str]]) -> None:
    for network, who in used:
        if network.overlaps(wanted):
            raise Refusal(
                "address_taken",
                f"{wanted} overlaps with what is there already: {who}",
                "Choose other addresses, or give the network a namespace of its own (`netns`).",
            )


def _link_of(
    plan: Plan, known: Remembered | None, found: Remembered | None, taken: list[tuple[IPv4Network, str]]
) -> IPv4Network:
    """Once chosen it stays, as long as nobody else has it: a guest's connections go through it."""
    if plan.veth_subnet is not None:
        _refuse_overlap(plan.veth_subnet, taken)
        return plan.veth_subnet
    if known is not None and known.link_subnet is not None:
        return IPv4Network(known.link_subnet)
    networks = [network for network, _ in taken] + [plan.tap_subnet]
    if found is not None and found.link_subnet is not None:
        former = IPv4Network(found.link_subnet)
        if not any(former.overlaps(network) for network in networks):
            return former
    return choose_link(plan.name, networks)
