"""Which process a VM is, how it ended, and its end by pid identity."""

from __future__ import annotations

import os
import platform
import signal
import time
from typing import NamedTuple

from task_server.process_identity import ProcessIdentity, end_process
from task_server.refusal import Refusal
from task_server.state_folder import read_json

from .api_call import call_api, describe_instance

# Firecracker ends at once at SIGTERM; a process that does not is killed.
TERM_SECONDS = 2.0
KILL_SECONDS = 5.0
# The keeper has to write down how the VM ended.
KEEPER_SECONDS = 3.0
API_SECONDS = 2.0
POLL_SECONDS = 0.02


class VmProcess(NamedTuple):
    identity: ProcessIdentity
    started_at: str


def read_vm_process(folder: str) -> VmProcess | None:
    """The VM's process, if it is that process and still there."""
    value = read_json(os.path.join(folder, "vm.pid"))
    identity = ProcessIdentity.from_json(value)
    if value is None or identity is None or not identity.is_alive():
        return None
    return VmProcess(identity, str(value.get("startedAt", "")))


def read_keeper(folder: str) -> ProcessIdentity | None:
    identity = ProcessIdentity.from_json(read_json(os.path.join(folder, "keeper.pid")))
    return identity if identity is not None and identity.is_alive() else None


def read_end(folder: str) -> dict[str, object]:
    """`exitCode` or `signal`, and `endedAt`; empty where it is not known how the process ended."""
    value = read_json(os.path.join(folder, "exit.json")) or {}
    number = value.get("signal")
    if isinstance(number, int):
        value["signal"] = _name_signal(number)
    return value


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def describe_end(folder: str) -> str:
    """As a phrase: "exit code 1"."""
    end = read_end(folder)
    if "exitCode" in end:
        return f"exit code {end['exitCode']}"
    if "signal" in end:
        return f"signal {end['signal']}"
    return "its exit code is not known"


def wait_for_keeper(folder: str) -> None:
    """After the VM's process has ended: its keeper writes down how, and the last that was printed."""
    keeper = read_keeper(folder)
    if keeper is not None:
        _wait_gone(keeper, KEEPER_SECONDS)


def end_vm(folder: str, socket: str | None, grace_seconds: float, what: str) -> None:
    """Ctrl-Alt-Del and a bounded wait where there is a grace, then SIGTERM and SIGKILL. No other process is touched."""
    process = read_vm_process(folder)
    if process is not None:
        if grace_seconds > 0 and socket is not None:
            _ask_to_shut_down(process.identity, socket, grace_seconds)
        if not end_process(process.identity, TERM_SECONDS, KILL_SECONDS):
            raise Refusal("not_ended", f"{what} (pid {process.identity.pid}) does not end, not even when it is killed")
    keeper = read_keeper(folder)
    if keeper is not None and not _wait_gone(keeper, KEEPER_SECONDS if process is not None else 0.0):
        end_process(keeper, TERM_SECONDS, KILL_SECONDS)


def _ask_to_shut_down(identity: ProcessIdentity, socket: str, seconds: float) -> None:
    """Presses Ctrl-Alt-Del, which only x86 has a keyboard controller for (i8042), and only a running guest hears."""
    if platform.machine() != "x86_64" or (describe_instance(socket, API_SECONDS) or {}).get("state") != "Running":
        return
    answer = call_api(socket, "PUT", "/actions", {"action_type": "SendCtrlAltDel"}, API_SECONDS)
    if answer is not None and answer.status < 300:
        _wait_gone(identity, seconds)


def _wait_gone(identity: ProcessIdentity, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while identity.is_alive():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def age_seconds(identity: ProcessIdentity) -> float:
    """How long ago the process was started; both count from the boot."""
    with open("/proc/uptime", encoding="ascii") as file:
        uptime = float(file.read().split()[0])
    return uptime - identity.start_time / os.sysconf("SC_CLK_TCK")
