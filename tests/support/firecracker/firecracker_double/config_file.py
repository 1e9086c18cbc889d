"""A machine that one file of JSON describes (--config-file)."""

from __future__ import annotations

import json
from typing import Any

from . import mmds, schemas, settings
from .fault import Fault
from .fields import Reader
from .json_body import read_json
from .micro_vm import MicroVm
from .starting import start_machine

# In the order in which they are applied.
_PARTS: tuple[tuple[str, Reader, Any], ...] = (
    ("logger", schemas.LOGGER, settings.set_logger),
    ("metrics", schemas.METRICS, settings.set_metrics),
    ("machine-config", schemas.MACHINE_CONFIG, settings.set_machine),
    ("boot-source", schemas.BOOT_SOURCE, settings.set_boot_source),
    ("drives", schemas.DRIVE, settings.set_drive),
    ("network-interfaces", schemas.NETWORK_INTERFACE, settings.set_interface),
    ("vsock", schemas.VSOCK, settings.set_vsock),
    ("balloon", schemas.BALLOON, settings.set_balloon),
    ("mmds-config", schemas.MMDS_CONFIG, mmds.set_mmds_config),
    ("entropy", schemas.ENTROPY, settings.set_entropy),
    ("pmem", schemas.PMEM, settings.set_pmem),
    ("memory-hotplug", schemas.HOTPLUG_MEMORY, settings.set_hotplug_memory),
    ("serial", schemas.SERIAL, settings.set_serial),
)
_REQUIRED = ("boot-source", "drives")


def start_from_config(vm: MicroVm, content: bytes) -> None:
    config = read_json(content)
    if not isinstance(config, dict):
        raise Fault("Invalid JSON: expected struct VmmConfig")
    missing = next((name for name in _REQUIRED if name not in config), None)
    if missing is not None:
        raise Fault(f"Invalid JSON: missing field `{missing}`")
    for name, read, apply in _PARTS:
        part = config.get(name)
        for item in part if isinstance(part, list) else [part]:
            if item is not None:
                apply(vm, read(item))
    if isinstance(config.get("cpu-config"), str):
        with open(vm.view.open(config["cpu-config"], 0), "rb") as file:
            settings.set_cpu_config(vm, schemas.CPU_CONFIG(json.loads(file.read())))
    start_machine(vm)
