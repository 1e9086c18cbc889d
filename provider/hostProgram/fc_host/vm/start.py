"""`vm.start`: starts a VM's Firecracker process, ready to be told over its API what to boot or to restore."""

from __future__ import annotations

import os
import time
from typing import Callable, cast

from task_server.refusal import Refusal
from task_server.state_folder import folder_errors

from ..records import Claimed, Owner, claim, remove_thing
from .api_call import describe_instance, listens
from .look import look_at_vm
from .place import recorded_place, remove_root, require_short_socket, vm_folder, vm_name
from .program import Program, find_program
from .require_files import require_files, require_network
from .root_layout import lay_out_root
from .serial_log import read_tail, remove_logs
from .start_keeper import KeeperPlan, start_keeper
from .taps import require_taps
from .vm_process import age_seconds, describe_end, end_vm, read_keeper, read_vm_process

Args = dict[str, object]
Report = Callable[[str], None]

# Firecracker listens some 10 ms after it was started.
LISTEN_SECONDS = 20.0
POLL_SECONDS = 0.005
# So long another process may take from its start until it is told to boot; after that nobody is coming any more.
OTHER_START_SECONDS = 15.0
API_SECONDS = 2.0


def run(args: Args, report: Report) -> Args:
    owner, name, folder = Owner.of(args), vm_name(args), vm_folder(args)
    with claim(folder, owner, f"the microVM {name}") as claimed:
        running = _find_running(claimed, owner, name)
        if running is not None:
            return {**running, "wasRunning": True}
        require_network(args, os.geteuid() == 0)
        program = find_program(args)
        require_short_socket(program.place)
        require_files(args)
        require_taps(args, program.user)
        _end_former(claimed, name)
        record: Args = {"phase": "started", **program.place.to_json()}
        claimed.write(owner, **record)
        try:
            remove_root(program.place)
            lay_out_root(program.place, args, program.user, report)
            _start(program, args)
        except BaseException:
            _undo(claimed, owner, program)
            raise
        instance = describe_instance(program.place.socket, API_SECONDS)
        return look_at_vm(name, record, instance)


def _find_running(claimed: Claimed, owner: Owner, name: str) -> Args | None:
    """The VM as it runs already: then it is left alone. A start of it that is under way is let come to its end."""
    place = recorded_place(name, claimed.found or {})
    if claimed.found is None or place is None or claimed.found.get("instanceId") != owner.instance_id:
        return None
    while True:
        process = read_vm_process(claimed.folder)
        if process is None:
            return None
        instance = describe_instance(place.socket, API_SECONDS)
        if instance is not None and instance.get("state") != "Not started":
            return look_at_vm(name, claimed.found, instance)
        # Not told yet, or so busy with what it was told that it gives no answer. Only one that is old is given up.
        if age_seconds(process.identity) > OTHER_START_SECONDS:
            return None
        time.sleep(0.1)


def _end_former(claimed: Claimed, name: str) -> None:
    """Ends what runs of this VM otherwise: one that was never told what to boot, or an earlier creation's."""
    if claimed.found is None:
        return
    end_vm(claimed.folder, None, 0.0, f"the microVM {name}")
    place = recorded_place(name, claimed.found)
    if place is not None:
        remove_root(place)


def _start(program: Program, args: Args) -> None:
    folder = program.place.folder
    with folder_errors(folder):
        remove_logs(folder)
        for name in ("exit.json", "vm.pid", "keeper.pid"):
            try:
                os.unlink(os.path.join(folder, name))
            except FileNotFoundError:
                pass
    netns = args.get("netns")
    is_entered_here = program.user is None and isinstance(netns, str)
    plan = KeeperPlan(
        int(cast("int", args["serialLogBytes"])),
        program.pid_file or "",
        program.place.root if program.user is None else "/",
        program.argv,
    )
    start_keeper(folder, plan, str(netns) if is_entered_here else None)
    _wait_until_it_listens(folder, program.place.socket)


def _wait_until_it_listens(folder: str, socket: str) -> None:
    deadline = time.monotonic() + LISTEN_SECONDS
    while not listens(socket):
        if os.path.exists(os.path.join(folder, "exit.json")):
            raise Refusal(
                "vm_ended",
                f"Firecracker ended at once ({describe_end(folder)})",
                "What it printed says why; `jailer` and `firecrackerPath` say how it is started.",
                read_tail(folder),
            )
        if time.monotonic() >= deadline:
            raise Refusal(
                "api_deaf",
                f"Firecracker does not listen on {socket} after {LISTEN_SECONDS:.0f} s{_keeper_fault(folder)}",
                None,
                read_tail(folder),
            )
        if read_keeper(folder) is None and deadline - time.monotonic() < LISTEN_SECONDS - 5.0:
            raise Refusal("keeper", f"the keeper of the VM did not start{_keeper_fault(folder)}")
        time.sleep(POLL_SECONDS)


def _keeper_fault(folder: str) -> str:
    try:
        with open(os.path.join(folder, "keeper.log"), encoding="utf-8", errors="replace") as file:
            lines = file.read(4000).strip().splitlines()
    except OSError:
        lines = []
    return f": {lines[-1]}" if lines else ""


def _undo(claimed: Claimed, owner: Owner, program: Program) -> None:
    """A VM that did not start leaves nothing behind; one that was there before stays, stopped."""
    end_vm(claimed.folder, None, 0.0, "Firecracker")
    remove_root(program.place)
    if claimed.found is None or claimed.found.get("instanceId") != owner.instance_id:
        remove_thing(claimed.folder)
    else:
        claimed.write(owner, phase="stopped")
