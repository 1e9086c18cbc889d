"""The host's kernel and what it offers. `root` is the root of /proc and /sys, for tests."""

from __future__ import annotations

import re

from fc_host.inspect.facts import read_text
from fc_host.inspect.finding import Finding

# The host kernels that Firecracker's own tests cover: its docs/kernel-policy.md, and 6.18 since v1.16 (pull request
# 5916). Others may work.
SUPPORTED = ((5, 10), (6, 1), (6, 18))

_SUPPORTED_TEXT = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)


def check_kernel(root: str) -> Finding:
    release = read_text(f"{root}/proc/sys/kernel/osrelease") or ""
    match = re.match(r"(\d+)\.(\d+)", release)
    if match is None:
        return Finding("warning", "kernel", f"the kernel's version cannot be read: {release!r}")
    version = (int(match[1]), int(match[2]))
    if version in SUPPORTED:
        return Finding("ok", "kernel", f"Linux {release}, which Firecracker's tests cover")
    if version < min(SUPPORTED):
        hint = f"Take one of {_SUPPORTED_TEXT}."
        return Finding("warning", "kernel", f"Linux {release} is older than any that Firecracker supports", hint)
    hint = f"Firecracker's policy names {_SUPPORTED_TEXT}; others may work, and snapshots may not."
    return Finding(
        "warning", "kernel", f"Linux {release} is not among the kernels that Firecracker's tests cover", hint
    )


def check_cgroups(root: str) -> Finding:
    """The jailer puts VMs into cgroups where it is told to; version 2 is the only one that systems keep up."""
    if read_text(f"{root}/sys/fs/cgroup/cgroup.controllers") is not None:
        return Finding("ok", "cgroups", "cgroup v2")
    if read_text(f"{root}/proc/cgroups") is None:
        return Finding("warning", "cgroups", "there are no cgroups", "The jailer cannot limit VMs there.")
    hint = "Tell the jailer that its cgroups are of version 1, or boot with systemd.unified_cgroup_hierarchy=1."
    return Finding("warning", "cgroups", "cgroup v1 (or mixed)", hint)


def check_apparmor(root: str) -> list[Finding]:
    if read_text(f"{root}/sys/module/apparmor/parameters/enabled") != "Y":
        return []
    profiles = read_text(f"{root}/sys/kernel/security/apparmor/profiles") or ""
    names = [line.partition(" ")[0] for line in profiles.splitlines() if "(enforce)" in line]
    bound = [name for name in names if "firecracker" in name or "jailer" in name]
    if bound:
        hint = "If VMs fail with 'permission denied', see `dmesg` for apparmor=\"DENIED\"."
        return [Finding("warning", "apparmor", f"AppArmor confines {', '.join(bound)}", hint)]
    return [Finding("ok", "apparmor", "AppArmor is on and has no profile for Firecracker")]
