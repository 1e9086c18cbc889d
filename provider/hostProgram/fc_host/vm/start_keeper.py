"""Starts the keeper of a VM, as a process of its own that outlives the login."""

from __future__ import annotations

import os
import pkgutil
import sys
from typing import NamedTuple, NoReturn

from task_server.netns import enter_netns
from task_server.state_folder import folder_errors, write_atomically


class KeeperPlan(NamedTuple):
    """What the keeper is started with (keeper.py)."""

    serial_log_bytes: int
    # Empty without a jailer that leaves its work to another process.
    pid_file: str
    cwd: str
    argv: list[str]


def start_keeper(folder: str, plan: KeeperPlan, netns: str | None) -> None:
    """The keeper and all that it starts are in the namespace `netns`, if one is given."""
    program = pkgutil.get_data("fc_host.vm", "keeper.py")
    if program is None:
        raise RuntimeError("the keeper is not in the archive")
    with folder_errors(folder):
        write_atomically(os.path.join(folder, "keeper.py"), program)
        path = os.path.join(folder, "keeper.log")
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    child = os.fork()
    if child == 0:
        _become_keeper(folder, plan, log, netns)
    os.close(log)
    # The keeper is the child of a child that ended at once, so that nobody has to wait for it.
    os.waitpid(child, 0)


def _become_keeper(folder: str, plan: KeeperPlan, log: int, netns: str | None) -> NoReturn:
    try:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        os.umask(0o077)
        os.chdir("/")
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if netns is not None:
            enter_netns(netns)
        program = [sys.executable, "-IS", os.path.join(folder, "keeper.py")]
        words = [str(plan.serial_log_bytes), plan.pid_file, plan.cwd, *plan.argv]
        os.execve(program[0], [*program, *words], {"PATH": os.defpath, "LANG": "C.UTF-8"})
    except BaseException as error:
        os.write(log, f"could not be started: {error}\n".encode())
    finally:
        os._exit(71)
