"""What a network is to be, as the provider asks for it."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple, cast

from task_server.refusal import Refusal

# The end of the veth pair that is inside the namespace: nobody else names devices there.
INNER_VETH = "uplink0"


class NetTarget(NamedTuple):
    """A range of addresses that the guest may reach at one port."""

    network: str
    port: int
    protocol: str


class NameTarget(NamedTuple):
    """A name whose addresses the guest may reach at one port."""

    name: str
    port: int
    protocol: str


class Plan(NamedTuple):
    name: str
    tap: str
    tap_mac: str
    tap_uid: int
    tap_gid: int | None
    host_ip: IPv4Address
    prefix: int
    guest_subnet: IPv4Network
    netns: str | None
    # The /30 of the veth pair; None where the host may choose one, or where there is no pair.
    veth_subnet: IPv4Network | None
    task_port: int
    # internet, none or allow.
    egress: str
    nets: tuple[NetTarget, ...]
    names: tuple[NameTarget, ...]
    # None: those of the host.
    resolvers: tuple[str, ...] | None
    # None: the device of the default route.
    uplink: str | None

    @property
    def table(self) -> str:
        return f"fc_agents_{self._digest(12)}"

    @property
    def veth(self) -> str:
        """The host's end of the pair. Names of devices have at most 15 characters (IFNAMSIZ)."""
        return f"fcv{self._digest(12)}"

    @property
    def alias(self) -> str:
        """Marks a device as ours."""
        return f"fc-agents:{self.name}"

    @property
    def host_interface(self) -> str:
        return f"{self.host_ip}/{self.prefix}"

    @property
    def tap_subnet(self) -> IPv4Network:
        return IPv4Network(self.host_interface, strict=False)

    @property
    def what(self) -> str:
        return f"the network of {self.tap}" + (f" in the namespace {self.netns}" if self.netns else "")

    def _digest(self, length: int) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:length]

    @staticmethod
    def of(args: dict[str, object]) -> Plan:
        """From the arguments of an operation, which the provider has checked."""
        subnet = args.get("vethSubnet")
        egress = cast("dict[str, object]", args["egress"])
        resolvers = args.get("resolvers")
        return Plan(
            name=str(args["name"]),
            tap=str(args["tapName"]),
            tap_mac=str(args["tapMac"]).lower(),
            tap_uid=_number(args["tapUid"]),
            tap_gid=None if args.get("tapGid") is None else _number(args["tapGid"]),
            host_ip=ipaddress.IPv4Address(str(args["hostIp"])),
            prefix=_number(args["prefix"]),
            guest_subnet=IPv4Network(str(args["guestSubnet"])),
            netns=None if args.get("netns") is None else str(args["netns"]),
            veth_subnet=None if subnet is None else IPv4Network(str(subnet)),
            task_port=_number(args["taskPort"]),
            egress=str(egress["mode"]),
            nets=tuple(
                NetTarget(str(net["network"]), _number(net["port"]), str(net["protocol"]))
                for net in _objects(egress.get("nets"))
            ),
            names=tuple(
                NameTarget(str(name["name"]), _number(name["port"]), str(name["protocol"]))
                for name in _objects(egress.get("names"))
            ),
            resolvers=None if resolvers is None else tuple(str(address) for address in cast("list[object]", resolvers)),
            uplink=None if args.get("uplink") is None else str(args["uplink"]),
        )


def require_root() -> None:
    if os.geteuid() != 0:
        raise Refusal(
            "not_root",
            "network devices, namespaces and rules take root's rights, and the user who logs in has not got them",
            "Log in as root, or set `sudo: true` in `connection`.",
        )


def _number(value: object) -> int:
    if type(value) is not int:
        raise Refusal("bad_request", "a number was expected in the description of the network")
    return value


def _objects(value: object) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", value or [])
