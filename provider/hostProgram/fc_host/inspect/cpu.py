"""The processors: architecture, virtualisation, nesting, threads. `root` is the root of /proc and /sys, for tests."""

from __future__ import annotations

import platform

from fc_host.inspect.facts import read_text
from fc_host.inspect.finding import Finding

SUPPORTED = ("x86_64", "aarch64")

_SMT_HINT = (
    "VMs of different trust that share a core can spy on each other: switch SMT off "
    "(echo off > /sys/devices/system/cpu/smt/control), or run VMs of one trust only."
)


def read_architecture() -> str:
    """As releases of Firecracker name it."""
    machine = platform.machine()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def check_architecture() -> Finding:
    architecture = read_architecture()
    if architecture in SUPPORTED:
        return Finding("ok", "architecture", architecture)
    return Finding(
        "error", "architecture", f"Firecracker runs on {' and '.join(SUPPORTED)}, and this is {architecture}"
    )


def check_virtualisation(root: str, architecture: str, kvm_works: bool) -> list[Finding]:
    """What the processors say of themselves, and whether the host is a virtual machine itself."""
    if architecture != "x86_64":
        return []
    flags = _read_flags(root)
    findings = []
    name = next((flag for flag in ("vmx", "svm") if flag in flags), None)
    if name is not None:
        findings.append(Finding("ok", "virtualisation", f"the processor has {name.upper()}"))
    elif kvm_works:
        message = "the processor shows neither VMX nor SVM, and KVM works nevertheless (in some way of its own)"
        findings.append(Finding("warning", "virtualisation", message, "Try a microVM before relying on it."))
    else:
        hint = "Switch it on in the firmware, or take a machine that has it."
        findings.append(Finding("error", "virtualisation", "the processor shows neither VMX nor SVM", hint))
    if "hypervisor" in flags:
        findings.append(
            Finding(
                "warning",
                "nested",
                "the host is a virtual machine itself: microVMs run nested, slower and less isolated, and "
                "Firecracker's own tests do not cover it",
                "For production, take a bare-metal host.",
            )
        )
    return findings


def check_threads(root: str) -> Finding:
    """Firecracker's production host set-up asks for SMT off."""
    state = read_text(f"{root}/sys/devices/system/cpu/smt/active")
    if state == "1":
        return Finding("warning", "smt", "simultaneous multithreading is on: two VMs may share a core", _SMT_HINT)
    if state == "0":
        return Finding("ok", "smt", "simultaneous multithreading is off")
    return Finding("ok", "smt", "the kernel does not say that there is simultaneous multithreading")


def _read_flags(root: str) -> frozenset[str]:
    for line in (read_text(f"{root}/proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return frozenset(value.split())
    return frozenset()
