"""The rest of the host: who we are there, Python, disk and clock."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil

from fc_host.inspect.facts import ask_program
from fc_host.inspect.finding import Finding

GIB = 1024**3
# A kernel, a root filesystem of some GiB and a snapshot of its memory.
LEAST_FREE_GIB = 4

# adjtimex(2): the status bit that says that nobody keeps the clock right; struct timex in longs, with room to spare,
# and where `status` is in it, after modes, offset, freq, maxerror and esterror.
_STA_UNSYNC = 0x0040
_TIMEX_WORDS = 64
_STATUS_WORD = 5


def check_user() -> list[Finding]:
    if os.geteuid() == 0:
        return [Finding("ok", "root", "commands run as root")]
    hint = "Log in as root, or set `sudo` (--sudo) for a user who may use sudo without a password."
    message = f"commands run as user {os.geteuid()}: namespaces, TAP devices and the jailer need root"
    return [Finding("error", "root", message, hint)]


def check_python() -> Finding:
    # An older one than 3.9 does not come as far as here.
    return Finding("ok", "python", f"python3 {platform.python_version()}")


def check_disk(folder: str) -> Finding:
    existing = folder
    while not os.path.isdir(existing):
        existing = os.path.dirname(existing)
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_GIB * GIB:
        hint = "Make room there: images, snapshots and results are kept below it."
        return Finding("warning", "disk", f"less than {LEAST_FREE_GIB} GiB are free for {folder}", hint)
    return Finding("ok", "disk", f"more than {LEAST_FREE_GIB} GiB are free for {folder}")


def check_clock() -> Finding:
    """Guests take their time from the host, and TLS and tokens fail with a wrong one."""
    synced = _ask_kernel()
    if synced is None:
        answer = ask_program(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
        synced = None if answer is None else answer == "yes"
    if synced is None:
        return Finding("ok", "clock", "nobody says whether the clock is kept right")
    if synced:
        return Finding("ok", "clock", "the clock is kept right")
    hint = "Run chrony or systemd-timesyncd: guests take their time from the host."
    return Finding("warning", "clock", "nothing keeps the clock right", hint)


def _ask_kernel() -> bool | None:
    """adjtimex(2) that changes nothing (modes 0): the kernel knows whether a daemon steers its clock."""
    timex = (ctypes.c_long * _TIMEX_WORDS)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(timex)) < 0:
        return None
    status = ctypes.c_int.from_buffer(timex, _STATUS_WORD * ctypes.sizeof(ctypes.c_long)).value
    return not status & _STA_UNSYNC
