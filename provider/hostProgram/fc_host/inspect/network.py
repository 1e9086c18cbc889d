"""What networks of microVMs need: devices, namespaces, programs, and nobody who drops their packets."""

from __future__ import annotations

import json
import os
import re
from typing import cast

from fc_host.inspect.facts import ask_program, find_program, read_text
from fc_host.inspect.finding import Finding

CLONE_NEWNET = 0x40000000

# nft 0.9.3 (2019) is the first that takes all of the rules of a network here.
_OLDEST_NFT = (0, 9, 3)

_DROP_HINT = (
    "An accept in another table cannot undo it. Let the VMs' devices through there: "
    "`iptables -I DOCKER-USER -i DEVICE -j ACCEPT` with Docker, `ufw route allow in on DEVICE` with ufw."
)


def check_devices(root: str = "") -> list[Finding]:
    tun = (
        Finding("ok", "tun", "/dev/net/tun is there")
        if os.path.exists(f"{root}/dev/net/tun")
        else Finding("error", "tun", "there is no /dev/net/tun, so no TAP device can be made", "modprobe tun")
    )
    vsock = (
        Finding("ok", "vhost-vsock", "/dev/vhost-vsock is there")
        if os.path.exists(f"{root}/dev/vhost-vsock")
        # Firecracker's vsock is a Unix socket and needs no module; QEMU and others do.
        else Finding("ok", "vhost-vsock", "there is no /dev/vhost-vsock, and Firecracker needs none")
    )
    return [tun, vsock]


def check_namespaces() -> Finding:
    """Makes a network namespace and leaves it, in a child that ends with it."""
    child = os.fork()
    if child == 0:
        try:
            _unshare()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 255)
        finally:
            os._exit(255)
    number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number == 0:
        return Finding("ok", "netns", "network namespaces can be made")
    reason = os.strerror(number) if 0 < number < 255 else "for an unknown reason"
    hint = "It needs root (or `sudo`) and a kernel with CONFIG_NET_NS; containers often forbid it."
    return Finding("error", "netns", f"no network namespace can be made: {reason}", hint)


def check_programs() -> list[Finding]:
    return [_check_ip(), _check_nft(ask_program(["nft", "--version"]), find_program("nft") is not None)]


def check_forwarding(root: str = "") -> Finding:
    """HostNetwork switches it on where it needs it; that is a change to the host that a person may want to know of."""
    if read_text(f"{root}/proc/sys/net/ipv4/ip_forward") == "1":
        return Finding("ok", "ip-forward", "IPv4 forwarding is on")
    return Finding("ok", "ip-forward", "IPv4 forwarding is off; a HostNetwork switches it on")


def check_foreign_drops() -> list[Finding]:
    """Firewalls that drop what they do not know by their forward policy."""
    found = find_drops(ask_program(["nft", "-j", "list", "chains"]))
    legacy = ask_program(["iptables-legacy", "-S", "FORWARD"]) if read_text("/proc/net/ip_tables_names") else None
    if legacy is not None and "-P FORWARD DROP" in legacy.splitlines():
        found.append(("ip", "filter (iptables-legacy)", "FORWARD"))
    if not found:
        return [Finding("ok", "foreign-drops", "no other firewall drops forwarded packets by its policy")]
    chains = ", ".join(f"{family} {table} {chain}" for family, table, chain in found)
    return [Finding("warning", "foreign-drops", f"{_guess_owner()} drops forwarded packets: {chains}", _DROP_HINT)]


def find_drops(listing: str | None) -> list[tuple[str, str, str]]:
    """Family, table and name of the chains on the forward hook with policy drop, out of nft's JSON."""
    try:
        entries = json.loads(listing or "{}").get("nftables", [])
    except ValueError:
        return []
    chains = [cast("dict[str, str]", entry["chain"]) for entry in entries if "chain" in entry]
    return [
        (chain["family"], chain["table"], chain["name"])
        for chain in chains
        if chain.get("hook") == "forward" and chain.get("policy") == "drop"
    ]


def _guess_owner() -> str:
    known = [name for name, program in (("Docker", "dockerd"), ("ufw", "ufw")) if find_program(program) is not None]
    return f"another firewall (perhaps {' or '.join(known)})" if known else "another firewall"


def _check_ip() -> Finding:
    version = ask_program(["ip", "-V"])
    if version is None:
        return Finding("error", "ip", "there is no ip (iproute2)", "Install it (Debian: apt-get install iproute2).")
    match = re.search(r"iproute2[^\s,]*", version)
    return Finding("ok", "ip", match[0] if match else version)


def _check_nft(version: str | None, is_there: bool) -> Finding:
    match = re.search(r"v(\d+)\.(\d+)(?:\.(\d+))?\S*", version or "")
    hint = "Install it (Debian: apt-get install nftables)."
    if match is None:
        reason = "nft does not run" if is_there else "there is no nft (nftables)"
        return Finding("error", "nft", f"{reason}, so a HostNetwork cannot make its rules", hint)
    if tuple(int(part or 0) for part in match.groups()) < _OLDEST_NFT:
        return Finding("error", "nft", f"nft is {match[0]}, and 0.9.3 or newer is needed", hint)
    return Finding("ok", "nft", f"nftables {match[0]}")


def _unshare() -> None:
    # os.unshare is there since Python 3.12.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
