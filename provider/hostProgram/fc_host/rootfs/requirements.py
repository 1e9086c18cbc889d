"""What has to be there before anything is made: root, tools, keyring, room on the disk."""

from __future__ import annotations

import os
import shutil

from task_server.refusal import Refusal

from .contained import PATH
from .spec import Spec

# Each with the package that has it on Debian and Ubuntu.
UPDATE_TOOLS = {"debugfs": "e2fsprogs", "e2fsck": "e2fsprogs"}
BUILD_TOOLS = {
    **UPDATE_TOOLS,
    "debootstrap": "debootstrap",
    "gpgv": "gpgv",
    "mkfs.ext4": "e2fsprogs",
    "tar": "tar",
    "xz": "xz-utils",
}
SCRIPTS = "/usr/share/debootstrap/scripts"
# debootstrap's script for all releases of Ubuntu; newer ones are links to it.
UBUNTU_SCRIPT = "gutsy"
MIB = 1024 * 1024
# What a tree takes at least: base system, Node.js, Claude Code with npm's cache; and its image.
BUILD_MIB = 3584


def require_root() -> None:
    if os.geteuid() != 0:
        raise Refusal(
            "not_root",
            "building an image needs root",
            "Log in as root, or set `sudo: true` in `connection`.",
        )


def require_tools(tools: dict[str, str]) -> None:
    missing = [name for name in tools if shutil.which(name, path=PATH) is None]
    if missing:
        packages = " ".join(sorted({tools[name] for name in missing}))
        raise Refusal(
            "tools_missing",
            f"the host has no {', '.join(missing)}",
            f"Install there what has it: apt-get install {packages}",
        )


def require_keyring(path: str) -> None:
    if os.path.isfile(path):
        return
    raise Refusal(
        "keyring_missing",
        f"there is no keyring {path}, and without one nothing of the distribution can be verified",
        "Install the package that has it (on Ubuntu and Debian: ubuntu-keyring for Ubuntu, debian-archive-keyring for "
        "Debian), or name the file in `keyring`.",
    )


def find_script(spec: Spec) -> list[str]:
    """The script to name to debootstrap; none when it knows the suite by itself."""
    if os.path.exists(os.path.join(SCRIPTS, spec.suite)):
        return []
    if "ubuntu" in os.path.basename(spec.keyring) and os.path.exists(os.path.join(SCRIPTS, UBUNTU_SCRIPT)):
        return [os.path.join(SCRIPTS, UBUNTU_SCRIPT)]
    raise Refusal(
        "suite_unknown",
        f"debootstrap there does not know the suite {spec.suite}",
        "Correct `suite`, or install a newer debootstrap.",
    )


def require_room(folder: str, needed_mib: int) -> None:
    found = os.statvfs(folder)
    free_mib = found.f_bavail * found.f_frsize // MIB
    if free_mib < needed_mib:
        raise Refusal(
            "disk_full",
            f"the disk with {folder} has {free_mib} MiB left, and {needed_mib} MiB are needed",
            "Make room there and run `pulumi up` again.",
        )
