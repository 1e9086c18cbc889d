"""Drops in tables of others that the guest's packets may run into: an accept of ours cannot undo them."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any, NamedTuple

from .tools import TOOL_SECONDS, run_tool

_OURS = "fc_agents_"
_LEGACY = ("/usr/sbin/iptables-legacy", "/sbin/iptables-legacy")


class ForeignDrop(NamedTuple):
    # What drops, by its name.
    what: str
    # What lets the device's packets pass, as a sentence.
    hint: str


class _Chain(NamedTuple):
    family: str
    table: str
    name: str
    hook: str
    policy: str


def find_foreign_drops(hook: str, device: str) -> list[ForeignDrop]:
    """Those at a hook (`forward` or `input`) of this namespace, the likely ones first."""
    entries: list[dict[str, Any]] = json.loads(run_tool("nft", "-j", "list", "ruleset"))["nftables"]
    chains = [_chain_of(entry["chain"]) for entry in entries if "chain" in entry]
    rules: dict[tuple[str, str, str], list[Any]] = {}
    for entry in entries:
        if "rule" in entry:
            rule = entry["rule"]
            rules.setdefault((rule["family"], rule["table"], rule["chain"]), []).extend(rule.get("expr", []))
    by_policy: list[ForeignDrop] = []
    by_rule: list[ForeignDrop] = []
    for chain in chains:
        if chain.hook != hook or chain.family not in ("ip", "inet") or chain.table.startswith(_OURS):
            continue
        where = f"the chain {chain.name} of the table {chain.family} {chain.table}"
        names = [other.name for other in chains if (other.family, other.table) == (chain.family, chain.table)]
        hint = _hint(hook, device, where, names)
        if chain.policy == "drop":
            by_policy.append(ForeignDrop(f"{where} drops what no rule accepts", hint))
        elif _drops(rules, chain, chain.name, set()):
            by_rule.append(ForeignDrop(f"{where} has rules that drop or reject", hint))
    return by_policy + _find_legacy_drop(hook, device) + by_rule


def has_foreign_nat() -> bool:
    """Whether somebody else on this host translates addresses, and so needs the kernel's forwarding as well."""
    entries: list[dict[str, Any]] = json.loads(run_tool("nft", "-j", "list", "ruleset"))["nftables"]
    return any(
        not entry["rule"]["table"].startswith(_OURS)
        and any(verdict in part for part in entry["rule"].get("expr", []) for verdict in ("masquerade", "snat"))
        for entry in entries
        if "rule" in entry
    )


def _chain_of(chain: dict[str, Any]) -> _Chain:
    hook = chain.get("hook", "") if chain.get("type") == "filter" else ""
    return _Chain(chain["family"], chain["table"], chain["name"], hook, chain.get("policy", ""))


def _drops(rules: dict[tuple[str, str, str], list[Any]], base: _Chain, name: str, seen: set[str]) -> bool:
    """Whether a chain, or one that it jumps to, has a drop or a reject."""
    if name in seen:
        return False
    seen.add(name)
    for part in rules.get((base.family, base.table, name), []):
        if "drop" in part or "reject" in part:
            return True
        # iptables-nft has a reject as a match of its own kind.
        if isinstance(part.get("xt"), dict) and part["xt"].get("name") == "REJECT":
            return True
        for jump in ("jump", "goto"):
            if isinstance(part.get(jump), dict) and _drops(rules, base, part[jump]["target"], seen):
                return True
    return False


def _hint(hook: str, device: str, where: str, names: list[str]) -> str:
    if hook == "forward" and "DOCKER-USER" in names:
        return (
            f"It is Docker's: iptables -I DOCKER-USER -i {device} -j ACCEPT and "
            f"iptables -I DOCKER-USER -o {device} -j ACCEPT let the guest pass."
        )
    if any(name.startswith("ufw-") for name in names):
        if hook == "input":
            return f"It is ufw's: ufw allow in on {device} lets the guest pass."
        return f"It is ufw's: ufw route allow in on {device} and ufw route allow out on {device} let the guest pass."
    if "firewalld" in where:
        return (
            f"It is firewalld's: firewall-cmd --permanent --zone=trusted --add-interface={device} lets the guest pass."
        )
    return f"Accept there what comes in by {device}" + (f" and what leaves by {device}." if hook == "forward" else ".")


def _find_legacy_drop(hook: str, device: str) -> list[ForeignDrop]:
    """The policy in the tables of the old iptables, which nft does not list."""
    path = next((path for path in _LEGACY if os.access(path, os.X_OK)), None)
    if path is None:
        return []
    chain = hook.upper()
    try:
        ended = subprocess.run(
            [path, "-S", chain], capture_output=True, encoding="utf-8", timeout=TOOL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return []
    if f"-P {chain} DROP" not in ended.stdout:
        return []
    where = f"the chain {chain} of the legacy iptables table filter"
    names = ["DOCKER-USER"] if "DOCKER-USER" in ended.stdout else []
    names += ["ufw-"] if "ufw-" in ended.stdout else []
    return [ForeignDrop(f"{where} drops what no rule accepts", _hint(hook, device, where, names))]
