"""Which requests there are: method, path, body and when they are allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import schemas
from .fault import Fault
from .fields import Reader
from .json_body import read_json

BEFORE = "before"
AFTER = "after"
ALWAYS = "always"

POST_BOOT_REFUSAL = "The requested operation is not supported after starting the microVM."
PRE_BOOT_REFUSAL = "The requested operation is not supported before starting the microVM."


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    action: str
    when: str
    body: Reader | None = None
    # The field of the body that has to be the same as the last part of the path.
    id_field: str | None = None
    may_lack_body: bool = False


def _any(value: Any) -> Any:
    return value


ROUTES = (
    Route("GET", "/", "describe_instance", ALWAYS),
    Route("GET", "/version", "describe_version", ALWAYS),
    Route("GET", "/vm/config", "describe_config", ALWAYS),
    Route("GET", "/machine-config", "describe_machine", ALWAYS),
    Route("GET", "/balloon", "describe_balloon", ALWAYS),
    Route("GET", "/balloon/statistics", "describe_balloon_statistics", AFTER),
    Route("GET", "/balloon/hinting/status", "describe_hinting", AFTER),
    Route("GET", "/mmds", "read_mmds", ALWAYS),
    Route("GET", "/hotplug/memory", "describe_hotplug_memory", AFTER),
    Route("PUT", "/actions", "act", ALWAYS, schemas.ACTION),
    Route("PUT", "/balloon", "set_balloon", BEFORE, schemas.BALLOON),
    Route("PUT", "/boot-source", "set_boot_source", BEFORE, schemas.BOOT_SOURCE),
    Route("PUT", "/cpu-config", "set_cpu_config", BEFORE, schemas.CPU_CONFIG),
    Route("PUT", "/drives/{id}", "set_drive", BEFORE, schemas.DRIVE, "drive_id"),
    Route("PUT", "/pmem/{id}", "set_pmem", BEFORE, schemas.PMEM, "id"),
    Route("PUT", "/logger", "set_logger", BEFORE, schemas.LOGGER),
    Route("PUT", "/serial", "set_serial", BEFORE, schemas.SERIAL),
    Route("PUT", "/machine-config", "set_machine", BEFORE, schemas.MACHINE_CONFIG),
    Route("PUT", "/metrics", "set_metrics", BEFORE, schemas.METRICS),
    Route("PUT", "/mmds", "write_mmds", ALWAYS, _any),
    Route("PUT", "/mmds/config", "set_mmds_config", BEFORE, schemas.MMDS_CONFIG),
    Route("PUT", "/network-interfaces/{id}", "set_interface", BEFORE, schemas.NETWORK_INTERFACE, "iface_id"),
    Route("PUT", "/snapshot/create", "create_snapshot", AFTER, schemas.SNAPSHOT_CREATE),
    Route("PUT", "/snapshot/load", "load_snapshot", BEFORE, schemas.SNAPSHOT_LOAD),
    Route("PUT", "/vsock", "set_vsock", BEFORE, schemas.VSOCK),
    Route("PUT", "/entropy", "set_entropy", BEFORE, schemas.ENTROPY),
    Route("PUT", "/hotplug/memory", "set_hotplug_memory", BEFORE, schemas.HOTPLUG_MEMORY),
    Route("PATCH", "/balloon", "update_balloon", AFTER, schemas.BALLOON_UPDATE),
    Route("PATCH", "/balloon/statistics", "update_balloon_statistics", AFTER, schemas.BALLOON_STATISTICS_UPDATE),
    Route("PATCH", "/balloon/hinting/start", "start_hinting", AFTER, schemas.BALLOON_HINTING_START, None, True),
    Route("PATCH", "/balloon/hinting/stop", "stop_hinting", AFTER, _any, None, True),
    Route("PATCH", "/drives/{id}", "update_drive", AFTER, schemas.DRIVE_UPDATE, "drive_id"),
    Route("PATCH", "/pmem/{id}", "update_pmem", AFTER, schemas.PMEM_UPDATE, "id"),
    Route("PATCH", "/machine-config", "update_machine", BEFORE, schemas.MACHINE_CONFIG_UPDATE),
    Route("PATCH", "/mmds", "patch_mmds", ALWAYS, _any),
    Route("PATCH", "/network-interfaces/{id}", "update_interface", AFTER, schemas.NETWORK_INTERFACE_UPDATE, "iface_id"),
    Route("PATCH", "/vm", "update_vm", AFTER, schemas.VM),
    Route("PATCH", "/hotplug/memory", "update_hotplug_memory", AFTER, schemas.HOTPLUG_MEMORY_UPDATE),
)

_BY_PATH = {(route.method, route.path): route for route in ROUTES}
_COLLECTIONS = {route.path.split("/")[1] for route in ROUTES if "{id}" in route.path}


def find_route(method: str, path: str) -> tuple[Route, str | None]:
    """The route, and the id in its path."""
    parts = path.strip("/").split("/")
    if parts[0] in _COLLECTIONS:
        route = _BY_PATH.get((method, f"/{parts[0]}/{{id}}"))
        if route is not None and len(parts) <= 2:
            return route, parts[1] if len(parts) == 2 else ""
    route = _BY_PATH.get((method, "/" + "/".join(parts)))
    if route is None:
        raise Fault(f"Invalid request method and/or path: {method} {parts[0]}.")
    return route, None


def read_body(route: Route, identifier: str | None, body: bytes) -> Any:
    """The checked body; None for a request that has none."""
    if route.method == "GET":
        if body:
            raise Fault("GET request cannot have a body.")
        return None
    if not body:
        if not route.may_lack_body:
            raise Fault(f"Empty {route.method} request.")
        return {}
    if identifier is not None:
        _check_id(identifier)
    read = route.body if route.body is not None else _any
    value = read(read_json(body))
    if route.id_field is not None and value[route.id_field] != identifier:
        raise Fault(
            f"The id from the path [{identifier}] does not match the id from the body [{value[route.id_field]}]!",
        )
    return value


def check_phase(route: Route, has_started: bool) -> None:
    if route.when == BEFORE and has_started:
        raise Fault(POST_BOOT_REFUSAL)
    if route.when == AFTER and not has_started:
        raise Fault(PRE_BOOT_REFUSAL)


def _check_id(identifier: str) -> None:
    if identifier == "":
        raise Fault("The ID cannot be empty.")
    if re.fullmatch(r"\w+", identifier) is None:
        raise Fault("API Resource IDs can only contain alphanumeric characters and underscores.")
