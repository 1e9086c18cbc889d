"""Finds Firecracker and its jailer on the host."""

from __future__ import annotations

import glob
import os
import re
import shutil

from task_server.refusal import Refusal
from task_server.state_folder import state_root

_INSTALL_HINT = (
    "Install it (the resource FirecrackerHost does), or say in `firecrackerPath` where it is: "
    "it has to be an executable file."
)


def find_firecracker(path: object) -> str:
    """The named one; else the newest that FirecrackerHost has installed, else the one on PATH."""
    if isinstance(path, str):
        if not _is_program(path):
            raise Refusal("firecracker_missing", f"there is no program {path} (`firecrackerPath`)", _INSTALL_HINT)
        return path
    installed = glob.glob(os.path.join(state_root(), "firecracker", "*", "firecracker"))
    programs = sorted((name for name in installed if _is_program(name)), key=_version_of)
    found = programs[-1] if programs else shutil.which("firecracker")
    if found is None:
        where = os.path.join(state_root(), "firecracker")
        raise Refusal("firecracker_missing", f"firecracker is neither in {where} nor on PATH", _INSTALL_HINT)
    return os.path.abspath(found)


def find_jailer(path: object, firecracker: str, is_demanded: bool) -> str | None:
    """The named jailer, else the one beside Firecracker; None where there is none and none is demanded."""
    candidate = path if isinstance(path, str) else os.path.join(os.path.dirname(firecracker), "jailer")
    is_there = _is_program(candidate)
    if os.geteuid() != 0:
        if is_demanded:
            raise Refusal(
                "not_root", "the jailer needs root", "Log in as root, set `connection.sudo`, or `jailer: false`."
            )
        return None
    if is_there:
        return candidate
    if is_demanded or isinstance(path, str):
        raise Refusal(
            "jailer_missing",
            f"there is no program {candidate}",
            "Say in `jailerPath` where the jailer is, or run without one: `jailer: false`.",
        )
    return None


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _version_of(path: str) -> list[tuple[int, str]]:
    """v1.10.0 is newer than v1.9.1."""
    name = os.path.basename(os.path.dirname(path))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.\-]", name.lstrip("v"))]
