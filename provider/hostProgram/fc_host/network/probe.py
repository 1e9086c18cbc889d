"""Proves the rules: poses as the guest for a moment, sends what is forbidden, and looks where it comes to.

Nothing of it leaves the host: the last chains of all drop and count what the probe sent and no rule has stopped. What
is allowed has to come so far, past every other table on the host, or else somebody's rules block the guest.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from task_server.refusal import Refusal

from .frames import ipv6_datagram, tcp_opening
from .plan import Plan
from .ruleset import PROBE_ADDRESS, PROBE_PORT
from .tables import read_counters
from .tools import run_inside

_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000

# The kernel deals with a frame before the write returns; only the way through a veth pair is taken later.
_SEEN_SECONDS = 2.0
_POLL_SECONDS = 0.005

# Neighbours, the cloud's metadata, and an address that no rule allows (RFC 5737).
_FORBIDDEN = ("169.254.169.254", "10.255.255.254", "172.31.255.254", "192.168.255.254", "100.127.255.254")
_NOT_ALLOWED = ("169.254.169.254", "198.51.100.254")
_FORGED_SOURCE = "198.51.100.7"
_OUTSIDE = "198.51.100.254"
_WEB_PORT = 80


class Proof(NamedTuple):
    # False: a virtual machine has the TAP, so nothing could be sent.
    was_made: bool
    # Whether what is allowed passes every table on the host.
    passes_out: bool = True
    # Whether the task server's port can be reached.
    passes_in: bool = True


def prove(plan: Plan, has_uplink: bool) -> Proof:
    """Refuses a network that lets through what it must not."""
    guest = _guest_of(plan)
    # Last, so that whatever was sent before has been dealt with once they are counted.
    allowed = [
        tcp_opening(plan.tap_mac, guest, str(plan.host_ip), PROBE_PORT, plan.task_port),
        tcp_opening(plan.tap_mac, guest, PROBE_ADDRESS, PROBE_PORT, PROBE_PORT),
    ]
    wants_out = plan.egress != "none" and has_uplink
    read_inner = partial(run_inside, plan.netns, partial(read_counters, plan.table))
    inner_before, outer_before = read_inner(), read_counters(plan.table)
    if not run_inside(plan.netns, partial(_send, plan.tap, [*_forbidden_frames(plan, guest), *allowed])):
        return Proof(was_made=False)
    deadline = time.monotonic() + _SEEN_SECONDS
    while True:
        inner, outer = _growth(inner_before, read_inner()), _growth(outer_before, read_counters(plan.table))
        if inner["escaped"] + outer["escaped"] > 0:
            raise Refusal(
                "probe_escaped",
                f"what a probe sent by {plan.tap} was not stopped by the rules, although it is forbidden",
                "Look for rules of others there that change packets before ours see them (nft list ruleset).",
            )
        proof = Proof(True, outer["probe_out"] > 0 or not wants_out, inner["probe_task"] > 0)
        if (proof.passes_out and proof.passes_in) or time.monotonic() > deadline:
            return proof
        time.sleep(_POLL_SECONDS)


def _forbidden_frames(plan: Plan, guest: str) -> list[bytes]:
    frames = [
        # From addresses that are not the guest's.
        *(_opening(plan, source, _OUTSIDE, _WEB_PORT) for source in (_FORGED_SOURCE, str(plan.host_ip))),
        ipv6_datagram(),
    ]
    # A port of the host that is not the task server's.
    targets = [(str(plan.host_ip), port) for port in (1, 2) if port != plan.task_port]
    targets += [(address, _WEB_PORT) for address in (_FORBIDDEN if plan.egress == "internet" else _NOT_ALLOWED)]
    for address, port in targets:
        if not _is_allowed(plan, address, port):
            frames.append(_opening(plan, guest, address, port))
    return frames


def _opening(plan: Plan, source: str, target: str, port: int) -> bytes:
    return tcp_opening(plan.tap_mac, source, target, PROBE_PORT, port)


def _is_allowed(plan: Plan, address: str, port: int) -> bool:
    return any(
        net.protocol == "tcp" and net.port == port and IPv4Address(address) in IPv4Network(net.network)
        for net in plan.nets
    )


def _guest_of(plan: Plan) -> str:
    """Some address of the guest's."""
    first = plan.guest_subnet.network_address
    candidates = (first + 1, first + 2, first)
    return str(next(address for address in candidates if address in plan.guest_subnet and address != plan.host_ip))


def _growth(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items()}


def _send(device: str, frames: list[bytes]) -> bool:
    """False when somebody else has the TAP open."""
    with _opened_tap(device) as tap:
        if tap is None:
            return False
        for frame in frames:
            os.write(tap, frame)
    return True


@contextmanager
def _opened_tap(device: str) -> Iterator[int | None]:
    # The device is looked up in the namespace that the calling thread is in.
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        try:
            fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TAP | _IFF_NO_PI))
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            yield None
            return
        yield tap
    finally:
        os.close(tap)
