"""The `jailer` program.

The process it becomes runs as root with the jail's root as its working folder, for QEMU could not run inside: it is
told about its jail, and file_view.py lets the kernel enforce it. A new PID namespace is not really made; the process
gets a parent that ends at once and its number in the file, as there.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
import time

from . import VERSION
from .cgroups import join_cgroups
from .command_line import BadArguments, parse_arguments
from .firecracker_main import JAIL_VARIABLE
from .jail_folder import copy_program, fill_jail, save_pid
from .jailer_settings import KNOWN, JailerError, JailerSettings, read_settings

_CLONE_NEWNET = 0x40000000
_PASSED_ON = ("FIRECRACKER_DOUBLE_LOG",)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_RESOURCES = {"fsize": resource.RLIMIT_FSIZE, "no-file": resource.RLIMIT_NOFILE, "memlock": resource.RLIMIT_MEMLOCK}
_DEFAULT_LIMITS = {"no-file": 2048}
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    started_us = int(time.time() * 1_000_000)
    try:
        arguments = parse_arguments(KNOWN, sys.argv[1:])
        if arguments.has("help") or arguments.has("version"):
            print(f"Jailer v{VERSION}\n")
            return 0
        settings = read_settings(arguments)
        _jail(settings, started_us)
    except BadArguments as error:
        print(f"Arguments parsing error: {error} \n\nFor more information try --help.", file=sys.stderr)
    except (JailerError, OSError) as error:
        print(f"Jailer error: {error}", file=sys.stderr)
    return 1


def _jail(settings: JailerSettings, started_us: int) -> None:
    """Does not return but for an error."""
    if os.geteuid() != 0:
        raise JailerError("Failed to unshare into new mount namespace: Operation not permitted (os error 1)")
    copy_program(settings)
    if settings.netns is not None:
        _join_netns(settings.netns)
    for name, value in {**_DEFAULT_LIMITS, **settings.limits}.items():
        _limit(name, value)
    join_cgroups(settings)
    os.chdir(settings.root)
    fill_jail(settings)
    if settings.is_daemon:
        _become_daemon()
    if settings.has_own_pids:
        child = os.fork()
        if child != 0:
            save_pid(settings, child)
            os._exit(0)
        os.setsid()
    else:
        save_pid(settings, os.getpid())
    _become_firecracker(settings, started_us)


def _join_netns(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise JailerError(f"Failed to open file {path}: {error.strerror} (os error {error.errno})") from None
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise JailerError(f"Failed to join network namespace: netns: {os.strerror(number)} (os error {number})")
    os.close(descriptor)


def _limit(name: str, value: int) -> None:
    try:
        resource.setrlimit(_RESOURCES[name], (value, value))
    except (OSError, ValueError, OverflowError) as error:
        raise JailerError(f"Failed to set limit for resource: {name}: {error}") from None


def _become_daemon() -> None:
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _become_firecracker(settings: JailerSettings, started_us: int) -> None:
    jail = {"root": settings.root, "uid": settings.uid, "gid": settings.gid}
    environment = {"PATH": _PATH, JAIL_VARIABLE: json.dumps(jail)}
    environment.update({name: os.environ[name] for name in _PASSED_ON if name in os.environ})
    times = ["--start-time-us", str(started_us), "--start-time-cpu-us", "0", "--parent-cpu-time-us", "0"]
    # The original, since the double beside which its package lies is not in the jail.
    command = [settings.exec_file, "--id", settings.identifier, *times, *settings.extra]
    try:
        os.execve(settings.exec_file, command, environment)
    except OSError as error:
        raise JailerError(f"Failed to exec into Firecracker: {error.strerror} (os error {error.errno})") from None
