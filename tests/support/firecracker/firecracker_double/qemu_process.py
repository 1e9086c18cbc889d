"""One QEMU: start, stop, go on, save, load."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from typing import Any

from .qemu_arguments import Boot, Hardware, build_arguments
from .qmp import Monitor, MonitorClosed, MonitorError

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_QUIT_TIMEOUT_SECONDS = 10
_NO_LIMIT = 1 << 40


class QemuError(Exception):
    """What QEMU could not do, in its own words."""


class QemuProcess:
    def __init__(self, process: subprocess.Popen[bytes], monitor: Monitor, complaints: Any) -> None:
        self._process = process
        self._monitor = monitor
        self._complaints = complaints
        # After saving, QEMU only saves again once the machine has run.
        self._has_saved = False

    @classmethod
    def start(cls, hardware: Hardware, boot: Boot | None, console: int) -> QemuProcess:
        program = shutil.which("qemu-system-x86_64", path=os.environ.get("PATH", "") + ":/usr/local/bin:/usr/bin:/bin")
        if program is None:
            raise QemuError("qemu-system-x86_64 is not installed")
        ours, theirs = socket.socketpair()
        parent = os.getpid()

        def die_with_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        # Goes with this object, which lives as long as QEMU does.
        complaints = os.fdopen(os.memfd_create("qemu-stderr"), "w+b")
        with theirs:
            process = subprocess.Popen(
                build_arguments(program, theirs.fileno(), hardware, boot),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=complaints,
                pass_fds=[theirs.fileno(), *(network.descriptor for network in hardware.networks)],
                preexec_fn=die_with_parent,
            )
        monitor = Monitor(ours)
        qemu = cls(process, monitor, complaints)
        try:
            monitor.greet()
        except MonitorClosed:
            raise QemuError(qemu.complaint()) from None
        return qemu

    @property
    def monitor_fd(self) -> int:
        return self._monitor.fileno()

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self) -> int:
        return self._process.wait(_QUIT_TIMEOUT_SECONDS)

    def drain_monitor(self) -> bool:
        return self._monitor.drain()

    def complaint(self) -> str:
        """What it has written to its standard error."""
        self._process.wait(_QUIT_TIMEOUT_SECONDS)
        self._complaints.seek(0)
        return str(self._complaints.read().decode("utf-8", "replace").strip()) or "QEMU has ended"

    def resume(self) -> None:
        self._call("cont")
        self._has_saved = False

    def pause(self) -> None:
        self._call("stop")

    def reset(self) -> None:
        """With -no-reboot, this is its end."""
        self._call("system_reset")

    def set_balloon(self, memory_bytes: int) -> None:
        self._call("balloon", {"value": memory_bytes})

    def save(self, descriptor: int) -> None:
        """Writes the stopped machine from the file's present position on."""
        if self._has_saved:
            # Then it runs for an instant.
            self.resume()
            self.pause()
        self._call("migrate-set-parameters", {"max-bandwidth": _NO_LIMIT})
        self._call("getfd", {"fdname": "memory"}, [descriptor])
        self._call("migrate", {"uri": "fd:memory"})
        status = self._wait_while("query-migrate", "None", "setup", "active", "device", "completing")
        if status != "completed":
            raise QemuError(f"saving the machine ended with '{status}'")
        self._has_saved = True

    def load(self, descriptor: int) -> None:
        """Reads a saved machine from the file's present position on; it stands still afterwards."""
        self._call("getfd", {"fdname": "memory"}, [descriptor])
        self._call("migrate-incoming", {"uri": "fd:memory"})
        self._wait_while("query-status", "inmigrate")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(_QUIT_TIMEOUT_SECONDS)

    def _call(self, command: str, arguments: dict[str, Any] | None = None, descriptors: Sequence[int] = ()) -> Any:
        try:
            return self._monitor.call(command, arguments, descriptors)
        except MonitorClosed:
            raise QemuError(self.complaint()) from None
        except MonitorError as error:
            raise QemuError(str(error)) from None

    def _wait_while(self, query: str, *statuses: str) -> str:
        try:
            return self._monitor.wait_while(query, *statuses)
        except MonitorClosed:
            raise QemuError(self.complaint()) from None
        except MonitorError as error:
            raise QemuError(str(error)) from None
