"""Network namespaces by name, as `ip netns` makes them: files under /run/netns."""

from __future__ import annotations

import os
import re

from .refusal import Refusal

NETNS_FOLDER = "/run/netns"
CLONE_NEWNET = 0x40000000

_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,254}")


def require_netns(name: str) -> None:
    """Refuses a name that is none, and a namespace that is not there."""
    if _NAME.fullmatch(name) is None:
        raise Refusal("bad_request", "the name of the network namespace is malformed")
    if not os.path.exists(f"{NETNS_FOLDER}/{name}"):
        raise Refusal("netns_missing", f"there is no network namespace {name}{_others()}", _MAKE_HINT)


_MAKE_HINT = "Make it first (`ip netns add`, or the resource that makes it), or correct `netns`."


def _others() -> str:
    try:
        names = sorted(os.listdir(NETNS_FOLDER))
    except OSError:
        names = []
    if not names:
        return " (there are none at all)"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f" (there are: {shown})"


def named_inode(name: str) -> int | None:
    """The inode of the namespace that bears this name now; None when there is none."""
    try:
        return os.stat(f"{NETNS_FOLDER}/{name}").st_ino
    except OSError:
        return None


def own_inode() -> int:
    """The inode of the namespace that this thread is in."""
    return os.stat("/proc/thread-self/ns/net").st_ino


def enter_netns(name: str) -> None:
    """Moves this thread into the namespace. Needs CAP_SYS_ADMIN."""
    descriptor = os.open(f"{NETNS_FOLDER}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(descriptor)
    finally:
        os.close(descriptor)


def _setns(descriptor: int) -> None:
    setns = getattr(os, "setns", None)
    if setns is not None:
        setns(descriptor, CLONE_NEWNET)
        return
    # Before Python 3.12. Imported here only: it costs memory that a server without a namespace need not spend.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
