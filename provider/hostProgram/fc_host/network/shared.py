"""What all networks of a host share: the pool that their links are taken from, and the kernel's forwarding."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network

from task_server.netns import own_inode
from task_server.process_identity import read_boot_id
from task_server.refusal import Refusal
from task_server.state_folder import locked_folder, read_json, state_root, write_atomically

from ..records import read_record
from .remembered import Remembered

POOL = IPv4Network("10.201.0.0/16")
_LINK_PREFIX = 30

_FORWARDING = "/proc/sys/net/ipv4/ip_forward"


@contextmanager
def networks_locked() -> Iterator[str]:
    """Holds what all networks share. Taken after the lock of one network's folder, never before."""
    folder = os.path.join(state_root(), "networks")
    with locked_folder(folder, create=True):
        yield folder


def read_others(folder: str, name: str) -> list[Remembered]:
    """The other networks of this host, or, where tests have several in one machine, of this namespace."""
    found: list[Remembered] = []
    for entry in os.listdir(folder):
        if entry != name:
            other = Remembered.of(read_record(os.path.join(folder, entry)))
            if other is not None and other.is_of_this_host:
                found.append(other)
    return found


def choose_link(name: str, taken: Iterable[IPv4Network]) -> IPv4Network:
    """A /30 of the pool that nothing on the host overlaps; the search starts where the name says."""
    used = [network for network in taken if network.overlaps(POOL)]
    links = list(POOL.subnets(new_prefix=_LINK_PREFIX))
    first = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % len(links)
    for link in links[first:] + links[:first]:
        if not any(link.overlaps(network) for network in used):
            return link
    raise Refusal(
        "pool_empty",
        f"there is no free /30 left in {POOL} for the link to the namespace",
        "Set `vethSubnet` to a /30 that is free there.",
    )


def is_forwarding() -> bool:
    with open(_FORWARDING, encoding="ascii") as file:
        return file.read().strip() == "1"


def start_forwarding() -> None:
    with open(_FORWARDING, "w", encoding="ascii") as file:
        file.write("1")


def start_host_forwarding(folder: str) -> None:
    """Switches it on, and notes where it was off. Everything shared has to be held."""
    if is_forwarding():
        return
    note = {"bootId": read_boot_id(), "wasOff": True}
    write_atomically(_note_path(folder), json.dumps(note).encode())
    start_forwarding()


def restore_host_forwarding(folder: str, is_needed: bool) -> None:
    """Called for the last network of a host: forwarding is as it was before the first one, if we had switched it on."""
    path = _note_path(folder)
    note = read_json(path)
    if note is None:
        return
    if note.get("bootId") == read_boot_id() and not is_needed:
        with open(_FORWARDING, "w", encoding="ascii") as file:
            file.write("0")
    os.unlink(path)


def _note_path(folder: str) -> str:
    return os.path.join(folder, f"forwarding-{own_inode()}.json")
