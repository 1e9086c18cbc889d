"""The jailer's arguments, checked as the real one checks them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from .command_line import Argument, Arguments, find_id_fault

_FLAG = Argument(takes_value=False)
KNOWN = {
    "id": Argument(is_required=True),
    "exec-file": Argument(is_required=True),
    "uid": Argument(is_required=True),
    "gid": Argument(is_required=True),
    "chroot-base-dir": Argument(default="/srv/jailer"),
    "netns": Argument(),
    "daemonize": _FLAG,
    "new-pid-ns": _FLAG,
    "cgroup": Argument(is_repeatable=True),
    "resource-limit": Argument(is_repeatable=True),
    "cgroup-version": Argument(default="1"),
    "parent-cgroup": Argument(),
    "version": _FLAG,
}

RESOURCES = ("fsize", "no-file", "memlock")
_MAX_U32 = 2**32 - 1
_MAX_U64 = 2**64 - 1


class JailerError(Exception):
    pass


@dataclass(frozen=True)
class CgroupValue:
    file: str
    value: str


@dataclass(frozen=True)
class JailerSettings:
    identifier: str
    exec_file: str
    uid: int
    gid: int
    root: str
    netns: str | None
    is_daemon: bool
    has_own_pids: bool
    cgroup_version: int
    parent_cgroup: str
    cgroups: Sequence[CgroupValue]
    extra: Sequence[str]
    limits: dict[str, int] = field(default_factory=dict)

    @property
    def exec_name(self) -> str:
        return os.path.basename(self.exec_file)


def read_settings(arguments: Arguments) -> JailerSettings:
    identifier = arguments.get("id")
    fault = find_id_fault(identifier)
    if fault is not None:
        raise JailerError(f"Invalid instance ID: {fault}")
    exec_file = _canonicalize(arguments.get("exec-file"))
    if not os.path.isfile(exec_file):
        raise JailerError(f"{exec_file} is not a file")
    exec_name = os.path.basename(exec_file)
    if "firecracker" not in exec_name:
        raise JailerError(
            f'Invalid filename. The filename of `--exec-file` option must contain "firecracker": {exec_name}',
        )
    base = _canonicalize(arguments.get("chroot-base-dir"))
    if not os.path.isdir(base):
        raise JailerError(f"{base} is not a directory")
    parent = arguments.find("parent-cgroup")
    if parent is not None and (parent.startswith("/") or {".", ".."} & set(parent.split("/"))):
        raise JailerError("Parent cgroup path is invalid. Path should not be absolute or contain '..' or '.'")
    version = arguments.get("cgroup-version")
    if version not in ("1", "2"):
        raise JailerError(f"{version} is an invalid cgroup version specifier")
    return JailerSettings(
        identifier=identifier,
        exec_file=exec_file,
        uid=_read_number(arguments.get("uid"), _MAX_U32, "Invalid uid"),
        gid=_read_number(arguments.get("gid"), _MAX_U32, "Invalid gid"),
        root=os.path.join(base, exec_name, identifier, "root"),
        netns=arguments.find("netns"),
        is_daemon=arguments.has("daemonize"),
        has_own_pids=arguments.has("new-pid-ns"),
        cgroup_version=int(version),
        parent_cgroup=exec_name if parent is None else parent,
        cgroups=[_read_cgroup(given) for given in arguments.list("cgroup")],
        limits=dict(_read_limit(given) for given in arguments.list("resource-limit")),
        extra=arguments.extra,
    )


def _canonicalize(path: str) -> str:
    try:
        os.stat(path)
        return os.path.realpath(path)
    except OSError as error:
        raise JailerError(f"Failed to canonicalize path {path}: {error.strerror}") from None


def _read_number(given: str, maximum: int, complaint: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given) <= maximum):
        raise JailerError(f"{complaint}: {given}")
    return int(given)


def _read_cgroup(given: str) -> CgroupValue:
    parts = given.split("=")
    if len(parts) != 2 or parts[1] == "":
        raise JailerError(f"Invalid format for cgroups: {given}")
    file = parts[0]
    if "." not in file or "/" in file or ".." in file:
        raise JailerError(f"Cgroup invalid file: {file}")
    return CgroupValue(file, parts[1])


def _read_limit(given: str) -> tuple[str, int]:
    name, equals, value = given.partition("=")
    if equals == "":
        raise JailerError(f"Invalid format for resources limits: {given}")
    number = _read_number(value, _MAX_U64, "Invalid limit value for resource")
    if name not in RESOURCES:
        raise JailerError(f"Invalid resource argument: {name}")
    return name, number
