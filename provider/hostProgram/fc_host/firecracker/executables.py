"""Tells by its first bytes whether a file can be run, or booted, on this host."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from typing import NamedTuple

from task_server.refusal import Refusal

# The machines of ELF files (elf.h: EM_X86_64, EM_AARCH64) that Firecracker runs on.
_MACHINES = {62: "x86_64", 183: "aarch64"}

_HEAD_BYTES = 1024
_ELF = b"\x7fELF"
_ELF64_LITTLE_ENDIAN = b"\x02\x01"
VERSION_SECONDS = 20.0
_VERSION = re.compile(r"\bv?([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)")

# How other kernel files begin, by which a person can be told what they have.
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x02\x21\x4c\x18": "lz4",
}

_ELF_HINT = (
    "Take the uncompressed `vmlinux`: it lies in the tree that the kernel was built in, the kernel's "
    "scripts/extract-vmlinux gets it out of a bzImage, and Firecracker's CI publishes ready ones."
)


class Head(NamedTuple):
    """The first bytes of a file."""

    data: bytes

    @staticmethod
    def of(path: str) -> Head:
        with open(path, "rb") as file:
            return Head(file.read(_HEAD_BYTES))

    @property
    def machine(self) -> str | None:
        """Which machine a 64-bit ELF file is for; None for any other file."""
        if not self.data.startswith(_ELF + _ELF64_LITTLE_ENDIAN) or len(self.data) < 20:
            return None
        number = struct.unpack_from("<H", self.data, 18)[0]
        return _MACHINES.get(number, f"machine {number}")


def require_executable(path: str, what: str, architecture: str) -> None:
    """Refuses a program that this machine cannot run. A script is run by what it names, so it fits any machine."""
    head = Head.of(path)
    if head.data.startswith(b"#!"):
        return
    if head.machine is None:
        raise Refusal("not_executable", f"{what} is not a program: it is neither an ELF file nor a script")
    if head.machine != architecture:
        raise Refusal(
            "wrong_architecture",
            f"{what} is for {head.machine}, and the host is {architecture}",
            "Give the release for the host's architecture, or leave `source` out.",
        )


def require_kernel(path: str, architecture: str) -> None:
    """Refuses what Firecracker could not boot: it wants an ELF file on x86_64 and a PE Image on aarch64."""
    head = Head.of(path)
    if architecture == "aarch64":
        # Documentation/arch/arm64/booting.rst: "ARM\x64" at offset 56 of the Image's header.
        if head.data[56:60] != b"ARM\x64":
            kind = _describe_kernel(head)
            raise Refusal("kernel_format", f"the kernel is {kind}, and Firecracker boots an Image on aarch64")
        return
    if head.machine == architecture:
        return
    hint = _ELF_HINT if head.machine is None else f"Give a kernel for {architecture}."
    raise Refusal(
        "kernel_format",
        f"the kernel is {_describe_kernel(head)}, and Firecracker boots an uncompressed ELF file on {architecture}",
        hint,
    )


def _describe_kernel(head: Head) -> str:
    if head.machine is not None:
        return f"an ELF file for {head.machine}"
    # Documentation/arch/x86/boot.rst: the boot protocol's magic number at 0x202.
    if head.data[0x202:0x206] == b"HdrS":
        return "a bzImage (compressed, as distributions install it)"
    if head.data[56:60] == b"ARM\x64":
        return "an Image for aarch64"
    for magic, name in _COMPRESSED.items():
        if head.data.startswith(magic):
            return f"a file packed with {name}"
    return "no kernel that this program knows"


def read_version(path: str, what: str) -> str:
    """Runs `firecracker --version` and reads its first line: the surest sign that the program runs here."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_SECONDS,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refusal("not_executable", f"{what} does not run on the host: {error}") from error
    text = answer.stdout.decode("utf-8", "replace")
    match = _VERSION.search(text.partition("\n")[0])
    if answer.returncode != 0 or match is None:
        tail = (answer.stderr.decode("utf-8", "replace") or text).strip()[-1000:]
        raise Refusal(
            "not_executable",
            f"{what} ended with {answer.returncode} when it was asked for its version",
            "Check that it is Firecracker's own program and that the host can run it.",
            tail,
        )
    return match[1]
