"""Makes a network namespace in such a way that it is known to be ours before it has a name."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from task_server.netns import CLONE_NEWNET
from task_server.refusal import Refusal

from .tools import run_tool


@contextmanager
def new_namespace() -> Iterator[tuple[int, int]]:
    """A namespace without a name: its inode, and the process that holds it until it gets one."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ready)
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(CLONE_NEWNET) == 0:
                os.write(told, b"%d" % os.stat("/proc/self/ns/net").st_ino)
                os.close(told)
                signal.pause()
        finally:
            os._exit(1)
    os.close(told)
    try:
        with os.fdopen(ready, "rb") as source:
            text = source.read()
        if not text:
            raise Refusal("netns_refused", "the kernel makes no network namespace for us")
        yield int(text), child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def name_namespace(name: str, holder: int) -> None:
    """Gives the namespace of a process a name, under which it stays when the process ends."""
    run_tool("ip", "netns", "attach", name, str(holder))
