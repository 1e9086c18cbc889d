"""Checks that the TAP devices that a VM is to be joined to are there, and that Firecracker may open them."""

from __future__ import annotations

import json
import os
import pwd

from task_server.refusal import Refusal

from ..network.tools import find_tool, try_tool
from .root_files import User
from .saved_drives import read_manifest

Args = dict[str, object]


def require_taps(args: Args, user: User | None) -> None:
    """Firecracker as root would make a missing TAP device, one that has neither an address nor a route."""
    if find_tool("ip") is None:
        return  # Then Firecracker's own words have to do.
    netns = args.get("netns")
    for name in _list_taps(args):
        _require_tap(name, str(netns) if isinstance(netns, str) else None, user or User(os.geteuid(), os.getegid()))


def _list_taps(args: Args) -> list[str]:
    """Those that are declared, or those of the snapshot with what is declared to take their place."""
    restore = args.get("restore")
    if not isinstance(restore, dict):
        taps = args.get("taps")
        return [str(tap["hostDevName"]) for tap in (taps if isinstance(taps, list) else [])]
    overrides = restore.get("networkOverrides")
    others = {
        str(tap["ifaceId"]): str(tap["hostDevName"]) for tap in (overrides if isinstance(overrides, list) else [])
    }
    saved = read_manifest(str(restore["snapshotPath"])).get("networkInterfaces")
    for tap in saved if isinstance(saved, list) else []:
        if isinstance(tap, dict):
            others.setdefault(str(tap.get("iface_id")), str(tap.get("host_dev_name")))
    return list(others.values())


def _require_tap(name: str, netns: str | None, user: User) -> None:
    where = "the host's own network namespace" if netns is None else f"the network namespace {netns}"
    scope = [] if netns is None else ["-n", netns]
    code, output, _ = try_tool("ip", *scope, "-d", "-j", "link", "show", "dev", name)
    if code != 0:
        raise Refusal(
            "tap_missing",
            f"there is no TAP device {name} in {where}",
            "Make it first (the resource HostNetwork does), or correct `netns` and the name of the device.",
        )
    facts = _tun_facts(output)
    if facts is None or facts.get("type", "tap") != "tap":
        raise Refusal("tap_kind", f"{name} in {where} is not a TAP device", "Firecracker opens no other kind.")
    owner = _id_of(facts.get("user"))
    if user.uid != 0 and owner is not None and owner != user.uid:
        raise Refusal(
            "tap_owner",
            f"the TAP device {name} in {where} is for the user {owner}, and Firecracker runs as the user {user.uid}",
            f"Make it with `tapUid: {user.uid}` (HostNetwork), or run as that user: `jailer: {{ uid: {owner} }}`.",
        )


def _tun_facts(output: str) -> Args | None:
    """None for a device that is no TUN/TAP device."""
    links = json.loads(output)
    info = links[0].get("linkinfo", {}) if isinstance(links, list) and links else {}
    if info.get("info_kind") != "tun":
        return None
    facts = info.get("info_data")
    return facts if isinstance(facts, dict) else {}


def _id_of(value: object) -> int | None:
    """`ip` shows a user by name where it has one."""
    if isinstance(value, int):
        return value
    try:
        return pwd.getpwnam(value).pw_uid if isinstance(value, str) else None
    except KeyError:
        return None
