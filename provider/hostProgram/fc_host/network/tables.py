"""Tables of rules as the kernel has them: put there whole, listed, and compared with what was put."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from task_server.refusal import Refusal

from .tools import ToolError, run_tool, try_tool


def apply_rules(text: str) -> None:
    """One transaction: all of it, or nothing."""
    try:
        run_tool("nft", "-f", "-", stdin=text)
    except ToolError as error:
        raise Refusal("nft_refused", f"nftables refused the rules: {error.message}", _KERNEL_HINT) from error


_KERNEL_HINT = (
    "The rules need Linux 5.2 and nftables 0.9.3, or newer ones, with the kernel's modules nf_tables and nft_*."
)


def list_table(name: str) -> list[dict[str, Any]] | None:
    """None where there is no such table."""
    code, output, complaint = try_tool("nft", "-j", "list", "table", "inet", name)
    if code != 0:
        if "No such file or directory" in complaint or "does not exist" in complaint:
            return None
        raise ToolError("tool_failed", f"nft list table inet {name}: {complaint.strip()}")
    entries: list[dict[str, Any]] = json.loads(output)["nftables"]
    return entries


def digest_table(name: str) -> str | None:
    entries = list_table(name)
    return None if entries is None else digest_entries(entries)


def digest_entries(entries: list[dict[str, Any]]) -> str:
    """Without handles, counts and the addresses of names, which change by themselves, and without nft's version."""
    kept = [_normalise(entry) for entry in entries if "metainfo" not in entry]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def read_counters(name: str) -> dict[str, int]:
    entries = list_table(name) or []
    return {counter["name"]: counter["packets"] for entry in entries if (counter := entry.get("counter")) is not None}


def delete_table(name: str) -> None:
    """Deletes it where it is there."""
    run_tool("nft", "-f", "-", stdin=f"table inet {name}\ndelete table inet {name}\n")


def _normalise(value: Any) -> Any:
    if isinstance(value, list):
        return [_normalise(element) for element in value]
    if not isinstance(value, dict):
        return value
    is_timed = "timeout" in (value.get("flags") or [])
    hidden = {"handle", "packets", "bytes"} | ({"elem"} if is_timed else set())
    kept = {key: _normalise(child) for key, child in value.items() if key not in hidden}
    for key in ("set", "elem"):
        # A set has no order of its own.
        if isinstance(kept.get(key), list):
            kept[key] = sorted(kept[key], key=lambda element: json.dumps(element, sort_keys=True))
    return kept
