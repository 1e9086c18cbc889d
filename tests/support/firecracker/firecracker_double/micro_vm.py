"""What one Firecracker process knows about its machine."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

from .file_view import FileView
from .process_log import ProcessLog
from .qemu_process import QemuProcess

NOT_STARTED = "Not started"
RUNNING = "Running"
PAUSED = "Paused"

DEFAULT_MACHINE: dict[str, Any] = {
    "vcpu_count": 1,
    "mem_size_mib": 128,
    "smt": False,
    "track_dirty_pages": False,
    "huge_pages": "None",
}


@dataclass
class MicroVm:
    instance_id: str
    view: FileView
    log: ProcessLog
    mmds_limit: int
    state: str = NOT_STARTED

    # Any of the settings that a machine boots with was made: then no snapshot can be loaded any more.
    is_boot_path: bool = False
    machine: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_MACHINE))
    boot_source: dict[str, Any] | None = None
    cpu_config: dict[str, Any] | None = None
    drives: list[dict[str, Any]] = field(default_factory=list)
    pmem: list[dict[str, Any]] = field(default_factory=list)
    interfaces: list[dict[str, Any]] = field(default_factory=list)
    # By iface_id.
    taps: dict[str, int] = field(default_factory=dict)
    balloon: dict[str, Any] | None = None
    vsock: dict[str, Any] | None = None
    vsock_listener: socket.socket | None = None
    entropy: dict[str, Any] | None = None
    hotplug_memory: dict[str, Any] | None = None
    mmds_config: dict[str, Any] | None = None
    mmds: Any = None
    logger: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    serial_path: str | None = None

    qemu: QemuProcess | None = None
    # A snapshot of this machine, or the one that it was loaded from, is what a Diff builds on.
    has_base_snapshot: bool = False
    is_loaded: bool = False
    # Ctrl-Alt-Del was pressed, and the guest has not seen it yet.
    is_ending: bool = False

    @property
    def has_started(self) -> bool:
        return self.state != NOT_STARTED

    def running_qemu(self) -> QemuProcess:
        if self.qemu is None:
            raise RuntimeError("the machine runs, and there is no QEMU")
        return self.qemu
