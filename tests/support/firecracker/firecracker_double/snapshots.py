"""Saves the machine to two files, and loads it from them.

The state file holds the machine's settings as JSON. The memory file is as long as the guest's memory, as the real
one's, with what QEMU saves behind a first page of our own:

- A Full snapshot, and a Diff of a machine that no snapshot was made of or loaded into before, can be loaded by itself.
- Any other Diff lacks that first page: it is a hole. Laid over its base (the data of the file copied over, as
  `snapshot-editor edit-memory rebase` does, or by naming the base as its file) the base's first page stays, and the
  file can be loaded; by itself it cannot. The real thing would load it, and the guest would find most of its memory
  empty.
"""

from __future__ import annotations

import json
import os
from typing import Any

from . import VERSION
from .fault import Fault, describe_os_error
from .micro_vm import PAUSED, RUNNING, MicroVm
from .qemu_arguments import PROCESSOR
from .qemu_process import QemuError
from .settings import bind_vsock
from .starting import start_qemu
from .tap_device import open_tap

_FIRST_PAGE = b"memory of a machine of the Firecracker double\n".ljust(4096, b".")
_KIND = "state of a machine of the Firecracker double"
_MIB = 1024 * 1024
_SAVED = ("machine", "drives", "interfaces", "balloon", "vsock", "entropy", "mmds_config")

_CREATE = "Create snapshot error"
_LOAD = "Load snapshot error: Failed to restore from snapshot"


def create_snapshot(vm: MicroVm, value: dict[str, Any]) -> None:
    if vm.state != PAUSED:
        raise Fault(
            f"{_CREATE}: Cannot save the microVM state: Operation not allowed: save/restore unavailable while running"
        )
    _write_state(vm, value["snapshot_path"])
    is_partial = value["snapshot_type"] == "Diff" and vm.has_base_snapshot
    _write_memory(vm, value["mem_file_path"], is_partial)
    vm.has_base_snapshot = True


def _write_state(vm: MicroVm, path: str) -> None:
    state = {"kind": _KIND, "version": VERSION, "processor": PROCESSOR, **{name: getattr(vm, name) for name in _SAVED}}
    try:
        with open(vm.view.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
            json.dump(state, file)
    except OSError as error:
        raise Fault(
            f"{_CREATE}: Cannot perform open on the snapshot backing file: {describe_os_error(error)}"
        ) from None


def _write_memory(vm: MicroVm, path: str, is_partial: bool) -> None:
    size = vm.machine["mem_size_mib"] * _MIB
    try:
        descriptor = vm.view.open(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise Fault(f"{_CREATE}: Cannot perform open on the memory backing file: {describe_os_error(error)}") from None
    try:
        # What is there already only stays where it is of the same size: so Firecracker lays a Diff over its base.
        if not is_partial or os.fstat(descriptor).st_size != size:
            os.ftruncate(descriptor, 0)
        if not is_partial:
            os.pwrite(descriptor, _FIRST_PAGE, 0)
        os.lseek(descriptor, len(_FIRST_PAGE), os.SEEK_SET)
        vm.running_qemu().save(descriptor)
        if os.fstat(descriptor).st_size < size:
            os.ftruncate(descriptor, size)
    except OSError as error:
        raise Fault(f"{_CREATE}: Cannot write memory file: {describe_os_error(error)}") from None
    except QemuError as error:
        raise Fault(f"{_CREATE}: Cannot write memory file: {error}") from None
    finally:
        os.close(descriptor)


def check_load(value: dict[str, Any]) -> None:
    """A rule of the body's form that takes two of its fields."""
    prefix = "An error occurred when deserializing the json body of a request"
    if "mem_backend" in value and "mem_file_path" in value:
        raise Fault(f"{prefix}: too many fields: either `mem_backend` or `mem_file_path` exclusively is required.")
    if "mem_backend" not in value and "mem_file_path" not in value:
        raise Fault(f"{prefix}: missing field: either `mem_backend` or `mem_file_path` is required.")
    if value["enable_diff_snapshots"] and value["track_dirty_pages"]:
        raise Fault(f"{prefix}: too many fields: either `track_dirty_pages` or `enable_diff_snapshots` is required.")


def load_snapshot(vm: MicroVm, value: dict[str, Any]) -> None:
    if vm.is_boot_path:
        raise Fault(
            "Load snapshot error: Loading a microVM snapshot not allowed after configuring boot-specific resources.",
        )
    try:
        _load(vm, value)
    except Fault as fault:
        # The process may be half a machine by then.
        raise Fault(fault.message, fault.status, ends_process=True) from None


def _load(vm: MicroVm, value: dict[str, Any]) -> None:
    for name, part in _read_state(vm, value["snapshot_path"]).items():
        setattr(vm, name, part)
    _override(vm, value)
    vm.machine["track_dirty_pages"] = value["track_dirty_pages"] or value["enable_diff_snapshots"]
    backend = value.get("mem_backend") or {"backend_type": "File", "backend_path": value["mem_file_path"]}
    if backend["backend_type"] == "Uffd":
        _check_handler(vm, backend["backend_path"])
    memory = _open_memory(vm, backend["backend_path"])
    try:
        vm.taps = {item["iface_id"]: open_tap(vm.view, item["host_dev_name"]) for item in vm.interfaces}
        if vm.vsock is not None:
            vm.vsock_listener = bind_vsock(vm, vm.vsock["uds_path"], _LOAD)
        vm.qemu = start_qemu(vm, None, _LOAD)
        try:
            vm.qemu.load(memory)
            if value["resume_vm"]:
                vm.qemu.resume()
        except QemuError as error:
            vm.qemu.kill()
            raise Fault(f"{_LOAD}: Failed to load guest memory: {error}") from None
    finally:
        os.close(memory)
    vm.state = RUNNING if value["resume_vm"] else PAUSED
    vm.has_base_snapshot = True
    vm.is_loaded = True


def _read_state(vm: MicroVm, path: str) -> dict[str, Any]:
    prefix = f"{_LOAD}: Failed to get snapshot state from file"
    try:
        with open(vm.view.open(path, os.O_RDONLY), "rb") as file:
            content = file.read()
    except OSError as error:
        raise Fault(f"{prefix}: Failed to open snapshot file: {describe_os_error(error)}") from None
    try:
        state = json.loads(content)
    except ValueError:
        state = None
    if not isinstance(state, dict) or state.get("kind") != _KIND or any(name not in state for name in _SAVED):
        raise Fault(f"{prefix}: Failed to load snapshot state from file: An error occurred during bitcode decoding.")
    if state["version"].split(".")[:2] != VERSION.split(".")[:2] or state["processor"] != PROCESSOR:
        raise Fault(f"{prefix}: Failed to load snapshot state from file: Unsupported snapshot version.")
    return {name: state[name] for name in _SAVED}


def _override(vm: MicroVm, value: dict[str, Any]) -> None:
    for override in value["network_overrides"]:
        interface = next((item for item in vm.interfaces if item["iface_id"] == override["iface_id"]), None)
        if interface is None:
            raise Fault(f"{_LOAD}: Failed to get snapshot state from file: Unknown Network Device.")
        interface["host_dev_name"] = override["host_dev_name"]
    if "vsock_override" in value:
        if vm.vsock is None:
            raise Fault(f"{_LOAD}: Failed to get snapshot state from file: Unknown Vsock Device.")
        vm.vsock["uds_path"] = value["vsock_override"]["uds_path"]


def _check_handler(vm: MicroVm, path: str) -> None:
    prefix = f"{_LOAD}: Failed to load guest memory: Error creating guest memory from uffd"
    try:
        vm.view.connect(path).close()
    except OSError as error:
        raise Fault(f"{prefix}: Failed to connect to UDS Unix stream: {describe_os_error(error)}") from None
    raise Fault(f"{prefix}: this double has no page faults to hand over.")


def _open_memory(vm: MicroVm, path: str) -> int:
    prefix = f"{_LOAD}: Failed to load guest memory: Error creating guest memory from file"
    try:
        descriptor = vm.view.open(path, os.O_RDONLY)
    except OSError as error:
        raise Fault(f"{prefix}: Failed to load guest memory: {describe_os_error(error)}") from None
    reason = None
    try:
        if os.fstat(descriptor).st_size < vm.machine["mem_size_mib"] * _MIB:
            reason = "The file is smaller than the guest's memory"
        elif os.pread(descriptor, len(_FIRST_PAGE), 0) != _FIRST_PAGE:
            reason = "The file holds no whole memory: a Diff has to be laid over its base first"
    except OSError as error:
        reason = describe_os_error(error)
    if reason is not None:
        os.close(descriptor)
        raise Fault(f"{prefix}: {reason}")
    os.lseek(descriptor, len(_FIRST_PAGE), os.SEEK_SET)
    return descriptor
