"""All that is looked at: `inspect.preflight`, and before each installation of Firecracker."""

from __future__ import annotations

import platform
from typing import Callable

from task_server.refusal import Refusal
from task_server.state_folder import state_root

from fc_host.inspect.cpu import check_architecture, check_threads, check_virtualisation, read_architecture
from fc_host.inspect.finding import Finding
from fc_host.inspect.kernel import check_apparmor, check_cgroups, check_kernel
from fc_host.inspect.kvm import check_kvm
from fc_host.inspect.memory import check_huge_pages, check_memory, check_same_page_merging, check_swap
from fc_host.inspect.network import (
    check_devices,
    check_foreign_drops,
    check_forwarding,
    check_namespaces,
    check_programs,
)
from fc_host.inspect.system import check_clock, check_disk, check_python, check_user

# Without these, no microVM can run at all; the others stand in the way of one thing or another.
KVM_FINDINGS = ("kvm",)
ARCHITECTURE_FINDINGS = ("architecture",)


def run(_args: dict[str, object], _report: Callable[[str], None]) -> dict[str, object]:
    return {
        "architecture": read_architecture(),
        "kernel": platform.release(),
        "findings": [finding.to_json() for finding in inspect_host(state_root())],
    }


def inspect_host(folder: str) -> list[Finding]:
    """`folder` is where all that the package makes is kept."""
    root = ""
    kvm = check_kvm()
    return [
        check_architecture(),
        kvm,
        *check_virtualisation(root, read_architecture(), kvm.level == "ok"),
        check_kernel(root),
        *check_user(),
        check_python(),
        check_namespaces(),
        *check_devices(),
        *check_programs(),
        check_forwarding(),
        *check_foreign_drops(),
        check_disk(folder),
        check_memory(root),
        check_swap(root),
        check_same_page_merging(root),
        check_huge_pages(root),
        check_threads(root),
        check_cgroups(root),
        *check_apparmor(root),
        check_clock(),
    ]


def require_fit(findings: list[Finding], requires_kvm: bool) -> None:
    """Refuses a host on which Firecracker cannot run."""
    names = ARCHITECTURE_FINDINGS + (KVM_FINDINGS if requires_kvm else ())
    for finding in findings:
        if finding.level != "error" or finding.name not in names:
            continue
        hint = finding.hint
        if finding.name in KVM_FINDINGS:
            hint = f"{hint or ''} To install nevertheless, set `requireKvm: false`.".strip()
        raise Refusal("unfit", finding.message, hint)
