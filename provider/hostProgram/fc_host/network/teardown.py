"""Takes a network away: only what is marked as its own, and whatever of it is left."""

from __future__ import annotations

import os
from functools import partial

from task_server.netns import named_inode

from ..records import remove_thing
from .foreign import has_foreign_nat
from .links import read_links
from .refresher import stop_refresher
from .remembered import Remembered
from .shared import networks_locked, read_others, restore_host_forwarding
from .tables import delete_table
from .tools import run_batch, run_inside, run_tool


def take_away(folder: str, remembered: Remembered | None) -> list[str]:
    """Removes a network whose folder is held, and the folder. Returns what a person should be warned of."""
    warnings: list[str] = []
    stop_refresher(folder)
    with networks_locked() as shared:
        # After a reboot, or on a host that is another one by now, nothing of it can be there but its folder.
        if remembered is not None and remembered.is_of_this_host:
            warnings = _remove_parts(remembered)
            if not read_others(shared, os.path.basename(folder)):
                restore_host_forwarding(shared, is_needed=has_foreign_nat())
        remove_thing(folder)
    return warnings


def _remove_parts(remembered: Remembered) -> list[str]:
    warnings: list[str] = []
    links = read_links()
    devices = [remembered.veth] if remembered.netns is not None else [remembered.tap]
    for device in devices:
        if device not in links:
            continue
        # A creation that was cut off may have made the device and not marked it yet.
        if links[device].alias == remembered.alias or (not remembered.is_complete and links[device].alias == ""):
            run_batch([f"link delete dev {device}"])
        else:
            warnings.append(f"the device {device} was left, since it is not marked as ours any more")
    delete_table(remembered.table)
    netns = remembered.netns
    if netns is not None and remembered.netns_inode is not None and named_inode(netns) == remembered.netns_inode:
        processes = run_tool("ip", "netns", "pids", netns).split()
        if processes:
            # The kernel keeps a namespace for as long as somebody is in it: its devices go at once all the same.
            run_inside(netns, partial(_empty, remembered.tap))
            warnings.append(
                f"the namespace {netns} was removed with processes in it ({', '.join(processes[:8])}), "
                "which are cut off from every network"
            )
        run_tool("ip", "netns", "delete", netns)
    return warnings


def _empty(tap: str) -> None:
    if tap in read_links():
        run_batch([f"link delete dev {tap}"])
