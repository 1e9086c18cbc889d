"""Where the guest's packets pass, and by which device they leave."""

from __future__ import annotations

from ipaddress import IPv4Network

from task_server.refusal import Refusal

from .links import Link, Route, find_default_device
from .plan import INNER_VETH, Plan
from .ruleset import Side

HOST = "host"
INNER = "inner"


def find_uplink(plan: Plan, links: dict[str, Link], routes: list[Route]) -> str | None:
    """The device by which the guest's packets leave the host; None where `egress` needs none and there is none."""
    uplink = plan.uplink or find_default_device(routes)
    if plan.egress == "none":
        return uplink if uplink in links else None
    if uplink is None:
        raise Refusal(
            "no_default_route",
            "there is no default route, so a guest would not get out",
            'Add one there (ip route add default via …), or set `egress: "none"`.',
        )
    link = links.get(uplink)
    if link is None or not link.is_up or not link.has_carrier:
        state = "is not there" if link is None else "has no carrier" if link.is_up else "is down"
        raise Refusal("uplink_down", f"the device {uplink}, by which guests are to leave, {state}", _UPLINK_HINT)
    if plan.uplink is not None and plan.egress == "internet" and not _has_default(routes, uplink):
        text = f"there is no default route by the device {uplink}, so a guest would not get out"
        raise Refusal("no_default_route", text, _UPLINK_HINT)
    return uplink


_UPLINK_HINT = "Bring it up or add the route there, or correct `uplink`."


def _has_default(routes: list[Route], device: str) -> bool:
    return any(route.target == "default" and route.device == device for route in routes)


def sides_of(plan: Plan, uplink: str | None, link_subnet: IPv4Network | None) -> dict[str, Side]:
    outer = uplink or ""
    if link_subnet is None:
        side = Side(plan.tap, plan.guest_subnet, str(plan.host_ip), outer, checks_names=True, is_outermost=True)
        return {HOST: side}
    inner = Side(plan.tap, plan.guest_subnet, str(plan.host_ip), INNER_VETH, checks_names=True, is_outermost=False)
    source = IPv4Network(f"{link_subnet[2]}/32")
    return {
        HOST: Side(plan.veth, source, None, outer, checks_names=False, is_outermost=True),
        INNER: inner,
    }
