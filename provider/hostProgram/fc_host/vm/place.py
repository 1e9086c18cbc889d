"""Where a VM is on the host: its folder, and the working root that its Firecracker process sees."""

from __future__ import annotations

import glob
import os
import re
import shutil
from typing import NamedTuple

from task_server.refusal import Refusal
from task_server.state_folder import folder_errors, state_root

from ..records import folder_of

# The jailer takes letters, digits and hyphens for an id, and the path of a socket has to stay short (unix(7)).
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")

# A Unix socket's path with its final NUL (sun_path).
MAX_SOCKET_PATH = 107

SOCKET = "api.sock"
CGROUPS = "/sys/fs/cgroup"


class Place(NamedTuple):
    name: str
    # Record, serial log, and the drives that outlive the process.
    folder: str
    # The working root.
    root: str
    # What is removed with the root: jail/<program>/<name>; the root itself without a jailer.
    jail: str
    # Of the jail's cgroup below the root of the cgroups; None where there is no jailer.
    cgroup: str | None = None

    @property
    def socket(self) -> str:
        return os.path.join(self.root, SOCKET)

    def to_json(self) -> dict[str, object]:
        return {"root": self.root, "jail": self.jail, "cgroup": self.cgroup}


def vm_name(args: dict[str, object]) -> str:
    name = args.get("name")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise Refusal("bad_request", "the name of the VM is malformed")
    return name


def vm_folder(args: dict[str, object]) -> str:
    return folder_of("vms", vm_name(args))


def plain_place(name: str) -> Place:
    """Of a VM without a jailer."""
    folder = folder_of("vms", name)
    root = os.path.join(folder, "root")
    return Place(name, folder, root, root)


def jail_base() -> str:
    return os.path.join(state_root(), "jail")


def jailed_place(name: str, program: str, parent_cgroup: str | None) -> Place:
    """Where the jailer puts a VM: it names the folders by the program and the id (jailer.md)."""
    jail = os.path.join(jail_base(), os.path.basename(program), name)
    cgroup = os.path.join(parent_cgroup or os.path.basename(program), name)
    return Place(name, folder_of("vms", name), os.path.join(jail, "root"), jail, cgroup)


def recorded_place(name: str, record: dict[str, object]) -> Place | None:
    """The place of the process that was started last."""
    root, jail, cgroup = record.get("root"), record.get("jail"), record.get("cgroup")
    if not isinstance(root, str) or not isinstance(jail, str):
        return None
    return Place(name, folder_of("vms", name), root, jail, cgroup if isinstance(cgroup, str) else None)


def require_short_socket(place: Place) -> None:
    length = len(os.fsencode(place.socket))
    if length > MAX_SOCKET_PATH:
        raise Refusal(
            "path_long",
            f"the path of the API socket, {place.socket}, has {length} bytes, and Linux allows {MAX_SOCKET_PATH}",
            "Choose a shorter `vmName`, or log in as root: the state folder has a short path then.",
        )


def remove_root(place: Place) -> None:
    """Removes the working root with the sockets in it, the jail around it, and the jail's cgroups."""
    with folder_errors(place.jail):
        if os.path.lexists(place.jail):
            shutil.rmtree(place.jail)
    if place.cgroup is None:
        return
    program = os.path.basename(os.path.dirname(place.jail))
    # The one above belongs to whoever named it; where nobody did, the jailer has made it, by the program's name.
    own = [place.cgroup] + ([program] if os.path.dirname(place.cgroup) == program else [])
    for cgroup in own:
        # Version 2 has one tree, version 1 one for each controller.
        trees = glob.glob(os.path.join(CGROUPS, "*", glob.escape(cgroup)))
        for path in (os.path.join(CGROUPS, cgroup), *trees):
            _remove_folder(path)
    # The jailer's folder of the program, and of all jails, when this was the last one.
    _remove_folder(os.path.dirname(place.jail))
    _remove_folder(jail_base())


def _remove_folder(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        pass  # It is not there, or others are in it.
