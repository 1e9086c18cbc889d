"""Memory, and what may happen to a guest's. `root` is the root of /proc and /sys, for tests."""

from __future__ import annotations

import re

from fc_host.inspect.facts import read_text
from fc_host.inspect.finding import Finding

KIB_OF_MIB = 1024
# Less than one small microVM next to the system.
LEAST_AVAILABLE_MIB = 512


def check_memory(root: str) -> Finding:
    facts = _read_meminfo(root)
    total, available = facts.get("MemTotal", 0) // KIB_OF_MIB, facts.get("MemAvailable", 0) // KIB_OF_MIB
    if available < LEAST_AVAILABLE_MIB:
        hint = "Free some, or give VMs less (`memSizeMib`): with too little the kernel ends one of them."
        return Finding("warning", "memory", f"{available} of {total} MiB are available", hint)
    return Finding("ok", "memory", f"{total} MiB, of which at least {LEAST_AVAILABLE_MIB} are available")


def check_swap(root: str) -> Finding:
    areas = (read_text(f"{root}/proc/swaps") or "").splitlines()[1:]
    names = [line.split()[0] for line in areas if line.split()]
    if not names:
        return Finding("ok", "swap", "there is none")
    hint = "Switch it off (swapoff -a), or encrypt it: a guest's memory, tokens in it too, may be there."
    return Finding("warning", "swap", f"guests' memory may be written to {', '.join(names)}", hint)


def check_same_page_merging(root: str) -> Finding:
    if read_text(f"{root}/sys/kernel/mm/ksm/run") in (None, "0"):
        return Finding("ok", "ksm", "same-page merging is off")
    hint = "Switch it off: echo 0 > /sys/kernel/mm/ksm/run."
    message = "same-page merging is on: a guest can find out what is in another one's memory by timing"
    return Finding("warning", "ksm", message, hint)


def check_huge_pages(root: str) -> Finding:
    """For VMs with `hugePages: "2M"`; the others need none."""
    reserved = _read_meminfo(root).get("HugePages_Total", 0)
    mode = re.search(r"\[(\w+)]", read_text(f"{root}/sys/kernel/mm/transparent_hugepage/enabled") or "")
    transparent = f"transparent ones: {mode[1]}" if mode else "no transparent ones"
    if reserved == 0:
        return Finding("ok", "huge-pages", f'none reserved, so VMs cannot have `hugePages: "2M"`; {transparent}')
    return Finding("ok", "huge-pages", f"{reserved} of 2 MiB reserved; {transparent}")


def _read_meminfo(root: str) -> dict[str, int]:
    facts = {}
    for line in (read_text(f"{root}/proc/meminfo") or "").splitlines():
        match = re.match(r"(\w+):\s+(\d+)", line)
        if match is not None:
            facts[match[1]] = int(match[2])
    return facts
