"""What an operation says of a network."""

from __future__ import annotations

from .inspect import Sight
from .plan import Plan
from .remembered import Remembered
from .resolvers import Resolvers


def describe(plan: Plan, remembered: Remembered | None, sight: Sight, resolvers: Resolvers) -> dict[str, object]:
    findings = list(sight.findings)
    is_proven = remembered is not None and remembered.proven
    if remembered is not None and not is_proven:
        findings.append(f"the rules have not been probed, since a virtual machine has {plan.tap} open")
    subnet = None if remembered is None else remembered.link_subnet
    return {
        "status": sight.status,
        "faults": sight.faults,
        "findings": findings,
        "isProven": is_proven,
        "linkSubnet": subnet,
        "linkDevice": None if plan.netns is None else plan.veth,
        "uplinkDevice": sight.uplink,
        "resolverIps": [] if plan.egress == "none" else list(resolvers.of_guests),
    }
