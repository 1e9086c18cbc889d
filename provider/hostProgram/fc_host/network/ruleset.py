"""The rules of a network, as text for `nft -f -`: one table for each namespace, replaced in one transaction.

An accept here cannot undo a drop in a table of somebody else, and a policy drop here would block everybody's traffic:
so all base chains have the policy accept, and what they drop concerns our own device only (nft(8), 'verdicts').
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import NamedTuple

from .plan import NetTarget, Plan

# What `internet` does not mean. Sources: IANA's IPv4 special-purpose registry (RFC 6890), RFC 5771 (multicast).
NOT_INTERNET = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)

# Where the probe sends what is allowed (RFC 5737, for documentation: nobody is there). The last chains of all drop
# what the probe sent, so that what reaches them has passed every table's rules, and yet nothing leaves the host.
PROBE_ADDRESS = "192.0.2.1"
# All that the probe sends comes from this port, the discard service's: no guest's connection does.
PROBE_PORT = 9

# Before the chains of iptables and firewalls (0), after the tracking of connections (-200).
_FILTER = -10
# After everybody else's.
_LAST = 2147483000

COUNTERS = ("forged", "ipv6", "host", "private", "refused", "inbound", "escaped", "probe_out", "probe_task")


class Element(NamedTuple):
    """An address that a name has now, for how long it counts."""

    address: str
    protocol: str
    port: int
    seconds: int


class Side(NamedTuple):
    """One place that the guest's packets pass: which device they come in by, and from which addresses."""

    device: str
    sources: IPv4Network
    # The address with the task's port, and which the guest may not pose as; None where there is no task server.
    host_ip: str | None
    # Packets for the outside leave through it.
    uplink: str
    # False where another side has looked at names already.
    checks_names: bool
    # The last namespace that packets pass before they leave the host.
    is_outermost: bool


def is_internet(address: str) -> bool:
    number = IPv4Network(address)
    return not any(number.subnet_of(IPv4Network(network)) for network in NOT_INTERNET)


def render_rules(plan: Plan, side: Side, resolvers: Iterable[str], elements: Iterable[Element] = ()) -> str:
    """The whole transaction. The first two lines make it the same whether the table exists or not."""
    table = f"inet {plan.table}"
    return "\n".join(
        [
            f"table {table}",
            f"delete table {table}",
            f"table {table} {{",
            *(f"  counter {name} {{ }}" for name in COUNTERS),
            *_sets(plan, side, sorted(resolvers), elements),
            *_chain("sources", "filter", "prerouting", -300, _sources(side)),
            *_chain("to_host", "filter", "input", _FILTER, _to_host(plan, side)),
            *_chain("from_guest", "filter", "forward", _FILTER, _from_guest(plan, side)),
            *_chain("source_nat", "nat", "postrouting", 100, _source_nat(side)),
            *_chain("end_of_forward", "filter", "forward", _LAST, _end_of_forward(side)),
            *_chain("end_of_input", "filter", "input", _LAST, _end_of_input(plan, side)),
            "}",
            "",
        ]
    )


def digest_rules(plan: Plan, side: Side, resolvers: Iterable[str]) -> str:
    """Tells these rules from others; the addresses that names have now do not count."""
    return hashlib.sha256(render_rules(plan, side, resolvers).encode()).hexdigest()


def render_elements(plan: Plan, elements: Iterable[Element]) -> str:
    """Adds addresses of names, or starts their time anew: the kernel leaves the time of one that is there as it is."""
    listed = sorted(elements)
    if not listed:
        return ""
    keys = ", ".join(_key(element) for element in listed)
    timed = ", ".join(f"{_key(element)} timeout {element.seconds}s" for element in listed)
    named = f"inet {plan.table} named"
    return "\n".join(
        [
            f"add element {named} {{ {timed} }}",
            f"delete element {named} {{ {keys} }}",
            f"add element {named} {{ {timed} }}",
            "",
        ]
    )


def _key(element: Element) -> str:
    return f"{element.address} . {element.protocol} . {element.port}"


def _sets(plan: Plan, side: Side, resolvers: list[str], elements: Iterable[Element]) -> list[str]:
    lines = ["  set resolvers {", "    type ipv4_addr", *_elements(resolvers), "  }"]
    if side.checks_names and plan.names:
        timed = [f"{_key(element)} timeout {element.seconds}s" for element in sorted(elements)]
        typed = ["    type ipv4_addr . inet_proto . inet_service", "    flags timeout"]
        lines += ["  set named {", *typed, *_elements(timed), "  }"]
    return lines


def _elements(elements: list[str]) -> list[str]:
    return [f"    elements = {{ {', '.join(elements)} }}"] if elements else []


def _chain(name: str, kind: str, hook: str, priority: int, rules: list[str]) -> list[str]:
    return [
        f"  chain {name} {{",
        f"    type {kind} hook {hook} priority {priority}; policy accept;",
        *(f"    {rule}" for rule in rules),
        "  }",
    ]


def _sources(side: Side) -> list[str]:
    """Before connections are tracked: packets with a forged source leave no trace."""
    rules = [
        f'iifname != "{side.device}" accept',
        "meta nfproto ipv6 counter name ipv6 drop",
        f"ip saddr != {side.sources} counter name forged drop",
    ]
    if side.host_ip is not None:
        rules.append(f"ip saddr {side.host_ip} counter name forged drop")
    return rules


def _to_host(plan: Plan, side: Side) -> list[str]:
    rules = [f'iifname != "{side.device}" accept']
    if side.host_ip is not None:
        rules.append(f"ip daddr {side.host_ip} tcp dport {plan.task_port} accept")
    # What a person on the host opened towards the guest, such as a login.
    rules.append("ct state established,related ct direction reply accept")
    if plan.egress != "none":
        rules += [_to_resolvers(""), *(_to_net(net, "") for net in plan.nets)]
    return [*rules, "counter name host drop"]


def _from_guest(plan: Plan, side: Side) -> list[str]:
    rules = [
        # Answers come in, nothing else does: not from a neighbour, and not from another network of ours.
        f'oifname "{side.device}" ct state established,related accept',
        f'oifname "{side.device}" counter name inbound drop',
        f'iifname != "{side.device}" accept',
    ]
    if plan.egress == "none":
        return [*rules, "counter name refused drop"]
    # A connection that was allowed goes on when its name gets other addresses, but not when the rules have changed:
    # then the mark is another one, and it is looked at again.
    mark = _mark_of(plan, side)
    allow = f"ct mark set {mark} accept"
    rules += [
        # It would leave with the guest's own address: only what is tracked is translated.
        "ct state invalid counter name refused drop",
        f"ct state established,related ct mark {mark} accept",
        _to_resolvers(f"ct mark set {mark} "),
        f"ip daddr {PROBE_ADDRESS} accept",
    ]
    if plan.egress == "internet":
        return [
            *rules,
            f"ip daddr {{ {', '.join(NOT_INTERNET)} }} counter name private drop",
            f'oifname != "{side.uplink}" counter name refused drop',
            allow,
        ]
    if not side.checks_names and plan.names:
        return [*rules, allow]
    rules += [_to_net(net, f"ct mark set {mark} ") for net in plan.nets]
    if plan.names:
        rules.append(f"ip daddr . meta l4proto . th dport @named {allow}")
    return [*rules, "counter name refused drop"]


def _mark_of(plan: Plan, side: Side) -> str:
    policy = repr((plan.egress, plan.nets, plan.names, plan.resolvers, side.uplink))
    # Never 0, which is what a connection without a mark has.
    return f"0x{int(hashlib.sha256(policy.encode()).hexdigest()[:8], 16) | 1:08x}"


def _to_resolvers(before: str) -> str:
    return f"ip daddr @resolvers meta l4proto {{ tcp, udp }} th dport 53 {before}accept"


def _to_net(net: NetTarget, before: str) -> str:
    return f"ip daddr {net.network} {net.protocol} dport {net.port} {before}accept"


def _source_nat(side: Side) -> list[str]:
    return [f'ip saddr {side.sources} oifname != "{side.device}" masquerade']


def _end_of_forward(side: Side) -> list[str]:
    """What of the probe comes so far would be sent out."""
    device = f'iifname "{side.device}"'
    allowed = f"ip daddr {PROBE_ADDRESS}"
    return [
        f"{device} {allowed} counter name probe_out drop" if side.is_outermost else f"{device} {allowed} accept",
        f"{device} tcp sport {PROBE_PORT} counter name escaped drop",
    ]


def _end_of_input(plan: Plan, side: Side) -> list[str]:
    """What of the probe comes so far would reach a program of the host."""
    device = f'iifname "{side.device}"'
    task = f"ip daddr {side.host_ip} tcp dport {plan.task_port} tcp sport {PROBE_PORT}"
    return [
        *([] if side.host_ip is None else [f"{device} {task} counter name probe_task drop"]),
        f"{device} tcp sport {PROBE_PORT} counter name escaped drop",
        f"{device} meta nfproto ipv6 counter name escaped drop",
    ]
