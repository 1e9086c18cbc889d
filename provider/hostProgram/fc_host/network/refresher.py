"""A small process for each network with names in `allow`: it keeps their addresses in the rules up to date.

It is a fork of the host program, so nothing has to be installed for it, and it needs no service manager. After a
reboot it is gone with the rest of the network, and the next `pulumi up` brings both back.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
import traceback
from functools import partial

from task_server.process_identity import ProcessIdentity, end_process
from task_server.refusal import Refusal
from task_server.state_folder import read_json, write_atomically

from .names import resolve_names
from .plan import Plan
from .ruleset import render_elements
from .tables import apply_rules
from .tools import run_inside

_SIDECAR = "refresher.json"
_COMPLAINT = "refresher-faults.json"
_GRACE_SECONDS = 2.0
_KILL_SECONDS = 5.0


def has_refresher(folder: str, plan: Plan, servers: tuple[str, ...]) -> bool:
    """Whether one lives that does what the plan says."""
    sidecar = _read_sidecar(folder)
    identity = ProcessIdentity.from_json(sidecar)
    return identity is not None and identity.is_alive() and sidecar.get("task") == _task_of(plan, servers)


def read_complaints(folder: str) -> list[str]:
    """What the refresher could not do when it last tried."""
    complaints = (read_json(os.path.join(folder, _COMPLAINT)) or {}).get("faults")
    return [str(text) for text in complaints] if isinstance(complaints, list) else []


def start_refresher(folder: str, plan: Plan, servers: tuple[str, ...]) -> None:
    stop_refresher(folder)
    _write_complaints(folder, ())
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ready)
            _become_daemon(told)
            _write_sidecar(folder, plan, servers)
            os.write(told, b"ready")
            os.close(told)
            _refresh(folder, plan, servers)
        except BaseException:
            os._exit(1)
        os._exit(0)
    os.close(told)
    with os.fdopen(ready, "rb") as source:
        answer = source.read()
    os.waitpid(child, 0)
    if answer != b"ready":
        raise Refusal("refresher_failed", "the process that keeps the addresses of names up to date did not start")


def stop_refresher(folder: str) -> None:
    identity = ProcessIdentity.from_json(_read_sidecar(folder))
    if identity is not None and not end_process(identity, _GRACE_SECONDS, _KILL_SECONDS):
        raise Refusal("refresher_stuck", f"the process {identity.pid}, which keeps addresses of names, does not end")
    for name in (_SIDECAR, _COMPLAINT):
        try:
            os.unlink(os.path.join(folder, name))
        except FileNotFoundError:
            pass


def _become_daemon(told: int) -> None:
    """A session of its own, nothing of the connection held open, and no parent that would have to wait for it."""
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    for number in (signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for entry in os.listdir("/proc/self/fd"):
        # The archive that modules are loaded from stays: it is opened anew by its path below /proc/self/fd.
        if int(entry) > 2 and int(entry) != told and not _is_archive(int(entry)):
            try:
                os.close(int(entry))
            except OSError:
                pass  # That of the listing itself.
    with open("/proc/self/comm", "w", encoding="ascii") as name:
        name.write("fc-agents-names")


def _is_archive(descriptor: int) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith("/memfd:fc-agents")
    except OSError:
        return False


def _refresh(folder: str, plan: Plan, servers: tuple[str, ...]) -> None:
    """Until the folder has gone or is somebody else's."""
    own = ProcessIdentity.of_self()
    said: tuple[str, ...] = ()
    while True:
        pause = 5.0
        try:
            resolved = resolve_names(plan.names, servers)
            faults, pause = resolved.faults, resolved.pause_seconds
            text = render_elements(plan, resolved.elements)
            if text:
                run_inside(plan.netns, partial(apply_rules, text))
        except Refusal as refusal:
            # The rules are gone, which the next refresh of the stack sees as well; once mended, it goes on.
            faults = (f"the addresses of names cannot be put into the rules: {refusal.message}",)
        except OSError:
            faults = (traceback.format_exc(limit=1).strip().split("\n")[-1],)
        if ProcessIdentity.from_json(_read_sidecar(folder)) != own:
            return
        if faults != said:
            said = faults
            _write_complaints(folder, faults)
        time.sleep(pause)


def _task_of(plan: Plan, servers: tuple[str, ...]) -> str:
    """Another plan takes another process."""
    return hashlib.sha256(repr((plan.table, plan.netns, plan.names, servers)).encode()).hexdigest()


def _read_sidecar(folder: str) -> dict[str, object]:
    return read_json(os.path.join(folder, _SIDECAR)) or {}


def _write_sidecar(folder: str, plan: Plan, servers: tuple[str, ...]) -> None:
    facts = {**ProcessIdentity.of_self().to_json(), "task": _task_of(plan, servers)}
    write_atomically(os.path.join(folder, _SIDECAR), json.dumps(facts).encode())


def _write_complaints(folder: str, faults: tuple[str, ...]) -> None:
    path = os.path.join(folder, _COMPLAINT)
    if faults:
        write_atomically(path, json.dumps({"faults": faults}).encode())
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
