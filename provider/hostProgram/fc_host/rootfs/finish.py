"""Turns a tree in which all is installed into that of a guest: with its own names, without traces of this host."""

from __future__ import annotations

import os

from . import tree
from .spec import Spec
from .steps import POLICY, WORK

HOST_NAME = "fc-agent"

_FILES = {
    "/etc/hostname": f"{HOST_NAME}\n",
    "/etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {HOST_NAME}\n::1 localhost ip6-localhost ip6-loopback\n",
    "/etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
    "/etc/default/locale": "LANG=C.UTF-8\n",
    # Empty: each machine that wants one makes its own (machine-id(5)).
    "/etc/machine-id": "",
    # The version is pinned; settings that hold for every user of the machine (Claude Code's documentation, settings).
    "/etc/claude-code/managed-settings.json": '{"env": {"DISABLE_AUTOUPDATER": "1"}}\n',
}
_EMPTIED = ["/var/lib/apt/lists", "/var/cache/apt/archives", "/tmp", "/var/tmp", "/run", "/root/.npm"]
_REMOVED = [
    WORK,
    POLICY,
    "/root/.npm",
    "/root/.claude",
    "/root/.claude.json",
    "/root/.cache",
    "/var/lib/dbus/machine-id",
    "/var/cache/apt/pkgcache.bin",
    "/var/cache/apt/srcpkgcache.bin",
    "/var/cache/ldconfig/aux-cache",
    "/var/lib/systemd/random-seed",
    "/etc/passwd-",
    "/etc/group-",
    "/etc/shadow-",
    "/etc/gshadow-",
]


def finish(spec: Spec, root: str) -> None:
    for path in _EMPTIED:
        tree.empty_folder(root, path)
    for path in _REMOVED:
        tree.remove(root, path)
    _remove_host_keys(root)
    _remove_logs(root)
    for path, text in _FILES.items():
        tree.write_file(root, path, text)
    for file in spec.small_files():
        tree.write_file(root, file.path, file.text, file.mode)
    os.chmod(root, 0o755)


def _remove_host_keys(root: str) -> None:
    """Of an sshd among the packages: all guests would have the same."""
    folder = tree.resolve_inside(root, "/etc/ssh")
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        if name.startswith("ssh_host_"):
            tree.remove(root, f"/etc/ssh/{name}")


def _remove_logs(root: str) -> None:
    for folder, _, files in os.walk(tree.resolve_inside(root, "/var/log")):
        for name in files:
            os.unlink(os.path.join(folder, name))
