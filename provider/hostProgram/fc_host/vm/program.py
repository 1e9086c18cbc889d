"""What is started for a VM: Firecracker itself, or the jailer that starts it in a jail."""

from __future__ import annotations

import os
from typing import NamedTuple

from task_server.netns import NETNS_FOLDER

from .find_firecracker import find_firecracker, find_jailer
from .place import SOCKET, Place, jail_base, jailed_place, plain_place, vm_name
from .root_files import User

Args = dict[str, object]

CGROUP2_CONTROLLERS = "/sys/fs/cgroup/cgroup.controllers"


class Program(NamedTuple):
    place: Place
    argv: list[str]
    # Who Firecracker runs as in the jail; None where there is no jailer.
    user: User | None
    # Where the jailer says which process it has left behind.
    pid_file: str | None


def find_program(args: Args) -> Program:
    name, options = vm_name(args), args.get("jailer")
    firecracker = find_firecracker(args.get("firecrackerPath"))
    is_demanded = args.get("isJailerDemanded") is True
    jailer = None
    if isinstance(options, dict):
        jailer = find_jailer(args.get("jailerPath"), firecracker, is_demanded)
    if jailer is None or not isinstance(options, dict):
        argv = [firecracker, "--id", name, *_firecracker_arguments(args)]
        return Program(plain_place(name), argv, None, None)
    parent = options.get("parentCgroup")
    place = jailed_place(name, firecracker, parent if isinstance(parent, str) else None)
    user = User(int(options["uid"]), int(options["gid"]))
    has_own_pids = options.get("newPidNs") is True
    pid_file = os.path.join(place.root, f"{os.path.basename(firecracker)}.pid") if has_own_pids else None
    return Program(place, [jailer, *_jailer_arguments(name, firecracker, args, options)], user, pid_file)


def _jailer_arguments(name: str, firecracker: str, args: Args, options: Args) -> list[str]:
    words = ["--id", name, "--exec-file", firecracker, "--uid", str(options["uid"]), "--gid", str(options["gid"])]
    words += ["--chroot-base-dir", jail_base()]
    if isinstance(args.get("netns"), str):
        words += ["--netns", os.path.join(NETNS_FOLDER, str(args["netns"]))]
    cgroups = options.get("cgroups")
    if isinstance(cgroups, dict) or isinstance(options.get("parentCgroup"), str):
        words += ["--cgroup-version", str(options.get("cgroupVersion") or _find_cgroup_version())]
    for key, value in cgroups.items() if isinstance(cgroups, dict) else ():
        words += ["--cgroup", f"{key}={value}"]
    if isinstance(options.get("parentCgroup"), str):
        words += ["--parent-cgroup", str(options["parentCgroup"])]
    limits = options.get("resourceLimits")
    for key, value in limits.items() if isinstance(limits, dict) else ():
        words += ["--resource-limit", f"{key}={value}"]
    if options.get("newPidNs") is True:
        words += ["--new-pid-ns"]
    return [*words, "--", *_firecracker_arguments(args)]


def _firecracker_arguments(args: Args) -> list[str]:
    """Its log goes to the serial log, where each request of the API would stand too, with the guest's own output."""
    return ["--api-sock", SOCKET, *([] if args.get("hasLogger") is True else ["--level", "Warning"])]


def _find_cgroup_version() -> int:
    """The jailer takes version 1 unless it is told; most hosts have version 2 by now."""
    return 2 if os.path.exists(CGROUP2_CONTROLLERS) else 1
