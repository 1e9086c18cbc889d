"""Brings Firecracker and a kernel onto the host: `firecracker.install`.

What is there already is left as it is. Where files have to be uploaded for it, the answer names them, and the provider
asks again with the files behind the command.
"""

from __future__ import annotations

import os
from typing import Callable

from task_server.refusal import Refusal
from task_server.state_folder import folder_errors, state_root

from fc_host.firecracker.executables import read_version, require_executable, require_kernel
from fc_host.firecracker.fetch import fetch, fetch_sum, missing_uploads
from fc_host.firecracker.request import Engine, Request, Source
from fc_host.firecracker.seen import describe
from fc_host.firecracker.store import (
    ENGINES,
    KERNELS,
    Entry,
    entry_folder,
    hold,
    publish,
    read_entry,
    release,
)
from fc_host.firecracker.unpack import PROGRAM_MODE, unpack_programs
from fc_host.firecracker.uploads import Uploads
from fc_host.inspect.cpu import read_architecture
from fc_host.inspect.preflight import inspect_host, require_fit

Report = Callable[[str], None]

KERNEL_MODE = 0o644


def run(args: dict[str, object], report: Report) -> dict[str, object]:
    report("looking at the host")
    findings = inspect_host(state_root())
    architecture = read_architecture()
    request = Request.of(args, architecture)
    require_fit(findings, request.requires_kvm)
    uploads = Uploads(request.uploads, request.seconds)
    try:
        engine = _with_sum(request.engine)
        folder = entry_folder(ENGINES, engine.folder_name)
        kernel_folder = None if request.kernel is None else entry_folder(KERNELS, _kernel_name(request.kernel))
        needs = _find_needs(engine, folder, request.kernel, kernel_folder, uploads)
        if needs:
            return {"needs": needs}
        with hold(folder, report) as entry:
            if not _has_programs(entry, engine):
                _install_programs(entry, engine, architecture, uploads, request.seconds, report)
            _add_owner(entry, request)
        if request.kernel is not None and kernel_folder is not None:
            with hold(kernel_folder, report) as entry:
                if not entry.is_intact():
                    _install_kernel(entry, request.kernel, architecture, uploads, request.seconds, report)
                _add_owner(entry, request)
        release(request.owner.instance_id, {folder, *([kernel_folder] if kernel_folder else [])})
    except BaseException:
        if request.is_new:
            release(request.owner.instance_id)
        raise
    return {"needs": [], "seen": describe(request.owner.instance_id, request.kernel is not None, findings)}


def _with_sum(engine: Engine) -> Engine:
    """Where nobody knows the archive's sum, the one beside it shows at least that the download is whole."""
    archive = engine.sources[0]
    if engine.sum_from != "beside" or archive.url is None:
        return engine
    return engine.with_sum(fetch_sum(archive.url))


def _kernel_name(kernel: Source) -> str:
    return (kernel.sha256 or "")[:16]


def _find_needs(
    engine: Engine, folder: str, kernel: Source | None, kernel_folder: str | None, uploads: Uploads
) -> list[str]:
    entry = read_entry(folder)
    needs = [] if entry is not None and _has_programs(entry, engine) else missing_uploads(engine.sources, uploads)
    if kernel is not None and kernel_folder is not None:
        stored = read_entry(kernel_folder)
        if stored is None or not stored.is_intact():
            needs += missing_uploads([kernel], uploads)
    return needs


def _has_programs(entry: Entry, engine: Engine) -> bool:
    if engine.needs_jailer and entry.files and "jailer" not in entry.files:
        _refuse_without_jailer(engine)
    return entry.is_intact()


def _install_programs(
    entry: Entry, engine: Engine, architecture: str, uploads: Uploads, seconds: float, report: Report
) -> None:
    parts: dict[str, str] = {}
    if engine.is_archive:
        archive = os.path.join(entry.folder, "archive.part")
        fetch(engine.sources[0], archive, uploads, seconds, report)
        parts = unpack_programs(archive, entry.folder, _members(engine.version, architecture), report)
    else:
        for source in engine.sources:
            parts[source.name] = os.path.join(entry.folder, f"{source.name}.part")
            fetch(source, parts[source.name], uploads, seconds, report)
    if engine.needs_jailer and "jailer" not in parts:
        _refuse_without_jailer(engine)
    for name, part in parts.items():
        require_executable(part, name, architecture)
        with folder_errors(part):
            os.chmod(part, PROGRAM_MODE)
    version = read_version(parts["firecracker"], "firecracker")
    if version != engine.version:
        raise Refusal(
            "wrong_version",
            f"the program says that it is Firecracker {version}, and {engine.version} was asked for",
            f'Set `version: "{version}"`, or give the source of {engine.version}.',
        )
    report(f"installing Firecracker {version}")
    archive_sum = engine.sources[0].sha256 if engine.is_archive else None
    publish(entry, parts, {"version": version, "sumFrom": engine.sum_from, "archiveSha256": archive_sum})


def _members(version: str, architecture: str) -> dict[str, str]:
    """Where a release's archive has its programs."""
    folder = f"release-v{version}-{architecture}"
    return {name: f"{folder}/{name}-v{version}-{architecture}" for name in ("firecracker", "jailer")}


def _refuse_without_jailer(engine: Engine) -> None:
    raise Refusal(
        "no_jailer",
        f"the source of Firecracker {engine.version} has no jailer",
        "Give a source that has one, or set `jailer: false`.",
    )


def _install_kernel(
    entry: Entry, kernel: Source, architecture: str, uploads: Uploads, seconds: float, report: Report
) -> None:
    part = os.path.join(entry.folder, "vmlinux.part")
    fetch(kernel, part, uploads, seconds, report)
    require_kernel(part, architecture)
    with folder_errors(part):
        os.chmod(part, KERNEL_MODE)
    publish(entry, {"vmlinux": part}, {"sha256": kernel.sha256})


def _add_owner(entry: Entry, request: Request) -> None:
    entry.owners[request.owner.instance_id] = request.owner.key
    entry.write()
