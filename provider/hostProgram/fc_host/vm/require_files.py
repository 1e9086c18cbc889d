"""Checks what a VM starts from before anything is made."""

from __future__ import annotations

from task_server.netns import require_netns
from task_server.refusal import Refusal

from .root_files import require_file
from .root_layout import boot_files, drives_of

Args = dict[str, object]


def require_files(args: Args) -> None:
    """Refuses files and a namespace that are not there, each by the input that names it."""
    for path, property_name in boot_files(args):
        require_file(path, property_name)
    restore = args.get("restore")
    if isinstance(restore, dict):
        require_file(str(restore["snapshotPath"]), "restore.snapshotPath")
        if restore.get("memoryType") != "Uffd":
            require_file(str(restore["memoryPath"]), "restore.memBackend.path")
    for drive in drives_of(args):
        require_file(drive.path, drive.property_name, may_be_device=True)


def require_network(args: Args, is_root: bool) -> None:
    netns = args.get("netns")
    if not isinstance(netns, str):
        return
    if not is_root:
        raise Refusal(
            "not_root",
            f"entering the network namespace {netns} (`netns`) needs root",
            "Log in as root, or set `connection.sudo`.",
        )
    require_netns(netns)
