"""Which process a pid means: pid, kernel start time and boot id together, so that a reused pid is never signalled.

Sources: proc(5), `/proc/PID/stat` field 22 (starttime), `/proc/sys/kernel/random/boot_id`.
"""

from __future__ import annotations

import os
import select
import signal
import time
from typing import NamedTuple

# How often a process without a pidfd (kernels before 5.3) is looked at.
POLL_SECONDS = 0.02


class ProcessIdentity(NamedTuple):
    pid: int
    start_time: int
    boot_id: str

    def to_json(self) -> dict[str, object]:
        return {"pid": self.pid, "startTime": self.start_time, "bootId": self.boot_id}

    @staticmethod
    def from_json(value: object) -> ProcessIdentity | None:
        """None for anything that is not an identity: a sidecar may have been cut off or tampered with."""
        if not isinstance(value, dict):
            return None
        pid, start, boot = value.get("pid"), value.get("startTime"), value.get("bootId")
        if type(pid) is not int or type(start) is not int or not isinstance(boot, str) or pid <= 1:
            return None
        return ProcessIdentity(pid, start, boot)

    @staticmethod
    def of_self() -> ProcessIdentity:
        pid = os.getpid()
        start = read_start_time(pid)
        if start is None:
            raise RuntimeError("/proc is not mounted")
        return ProcessIdentity(pid, start, read_boot_id())

    def is_alive(self) -> bool:
        return self.boot_id == read_boot_id() and read_start_time(self.pid) == self.start_time


_boot_id = ""


def read_boot_id() -> str:
    """Of this boot; it cannot change while this process lives."""
    global _boot_id
    if not _boot_id:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            _boot_id = file.read().strip()
    return _boot_id


def read_start_time(pid: int) -> int | None:
    """Clock ticks since boot at which the process started; None when there is none, or only its zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in parentheses may hold blanks and parentheses itself.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in (b"Z", b"X"):
        return None
    return int(fields[19])


def end_process(identity: ProcessIdentity, grace_seconds: float, kill_seconds: float) -> bool:
    """SIGTERM, a bounded wait, SIGKILL, a bounded wait. True when the process is gone; others are never touched."""
    handle = _open_pidfd(identity.pid)
    try:
        # Checked after the pidfd is open: from here on the handle means this process and no other.
        if not identity.is_alive():
            return True
        for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, kill_seconds)):
            _send(identity, handle, number)
            if _wait_gone(identity, handle, seconds):
                return True
        return False
    finally:
        if handle is not None:
            os.close(handle)


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _send(identity: ProcessIdentity, handle: int | None, number: signal.Signals) -> None:
    try:
        if handle is not None:
            signal.pidfd_send_signal(handle, number)
        elif identity.is_alive():
            os.kill(identity.pid, number)
    except ProcessLookupError:
        pass


def _wait_gone(identity: ProcessIdentity, handle: int | None, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    if handle is not None:
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        poller.poll(max(0, int(seconds * 1000)))
        return not identity.is_alive()
    while identity.is_alive():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
