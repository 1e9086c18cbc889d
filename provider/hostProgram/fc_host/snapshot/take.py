"""`snapshot.take`: pauses a VM, saves memory, devices and drives, and lets it go on or stops it.

All of it is done here, on the host, so that a connection that breaks in the middle leaves no VM paused. Where its sshd
ends what ran through it, the next attempt has the VM go on.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from task_server.refusal import Refusal
from task_server.state_folder import folder_errors

from ..records import Claimed, Owner, claim, folder_of, held, remove_thing
from ..vm import stop as vm_stop
from ..vm.copy_file import copy_file
from ..vm.place import vm_folder
from .base import Base, find_base, forget_last, open_base, remember_last
from .drives import Drive, copies_are_shared, list_drives, save_read_drives, save_written_drives
from .machine import MIB, Args, Machine, look_at_machine
from .manifest import write_manifest
from .root_folder import move_out, path_of, remove_names, root_folder
from .seen import describe_snapshot
from .space import require_space

Report = Callable[[str], None]

# Not `state` and `memory`: those may be links to the snapshot that the VM itself was restored from.
STATE, MEMORY = "state.new", "memory.new"

# Writing the memory out: a slow disk writes 10 MiB a second.
CREATE_SECONDS = 120.0
SLOWEST_BYTES_PER_SECOND = 10 * MIB


def run(args: Args, report: Report) -> Args:
    owner, name = Owner.of(args), str(args["name"])
    folder, vm_id = folder_of("snapshots", name), str(args["vmId"])
    with _ending_in_order(), claim(folder, owner, f"the snapshot {name}") as claimed:
        with held(vm_folder({"name": vm_id}), str(args["vmInstanceId"])) as record:
            if record is None:
                raise Refusal(
                    "vm_absent",
                    f"there is no microVM {vm_id} of this stack there",
                    "Run `pulumi refresh` and `pulumi up`: the microVM is made again first.",
                )
            machine = look_at_machine(vm_id, record)
            manifest = _Taking(machine, claimed, owner, args, _to_whoever_listens(report)).take()
        if args["afterwards"] == "stop":
            # A guest that stands still hears no Ctrl-Alt-Del, and what it was at is saved.
            vm_args: Args = {"owner": owner.key, "name": vm_id, "instanceId": args["vmInstanceId"]}
            vm_stop.run({**vm_args, "shutdownTimeoutSeconds": 0}, report)
        return describe_snapshot(folder, manifest)


def _to_whoever_listens(report: Report) -> Report:
    """A connection that is lost meanwhile is no reason to leave the work undone: the next `pulumi up` finds it."""

    def say(text: str) -> None:
        try:
            report(text)
        except OSError:
            pass

    return say


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Who gives the operation up has sshd signal this process: then the VM goes on first."""

    def end(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + number)

    former = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class _Taking:
    def __init__(self, machine: Machine, claimed: Claimed, owner: Owner, args: Args, report: Report) -> None:
        self._machine = machine
        self._claimed = claimed
        self._folder = claimed.folder
        self._owner = owner
        self._report = report
        self._name = str(args["name"])
        self._type = str(args["snapshotType"])
        self._is_stopped = args["afterwards"] == "stop"
        self._was_running = machine.is_running or self._was_left_paused()

    def take(self) -> Args:
        drives = list_drives(self._machine)
        base = find_base(self._machine) if self._type == "Diff" else None
        self._require_space(drives)
        try:
            with folder_errors(self._folder):
                self._clear()
                self._put_base(base)
                with self._standing_still():
                    self._create()
                    save_written_drives(self._machine, drives, self._folder, self._report)
                return self._finish(drives, base)
        except BaseException:
            self._undo()
            raise

    def _was_left_paused(self) -> bool:
        """By an earlier attempt whose process was killed in the middle."""
        found = self._claimed.found or {}
        was_taking = found.get("phase") == "taking" and found.get("process") == self._identity()
        return was_taking and found.get("wasRunning") is True

    def _identity(self) -> Args:
        return self._machine.process.identity.to_json()

    def _require_space(self, drives: list[Drive]) -> None:
        written = [drive for drive in drives if not drive.is_read_only]
        copied = [drive for drive in written if not copies_are_shared(self._machine, drive, self._folder)]
        require_space(self._machine, self._folder, sum(drive.allocated_bytes for drive in copied))

    def _clear(self) -> None:
        """From here on the folder is this instance's; what stands in it is of an earlier one, or damaged."""
        facts: Args = {"process": self._identity(), "wasRunning": self._was_running}
        self._claimed.write(self._owner, phase="taking", microVm=self._machine.place.name, **facts)
        for entry in os.scandir(self._folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            elif entry.name != "record.json":
                os.unlink(entry.path)
        with root_folder(self._machine, "snapshot") as root:
            remove_names(root, STATE, MEMORY)

    def _put_base(self, base: Base | None) -> None:
        if base is None:
            return
        # Made where only we can write, and moved to where Firecracker finds it.
        copy = os.path.join(self._folder, MEMORY)
        source = open_base(self._machine, base)
        try:
            copy_file(path_of(source), copy, "the memory that it builds on", self._report)
        finally:
            os.close(source)
        if self._machine.user is not None:
            os.chown(copy, *self._machine.user)
        with root_folder(self._machine, "snapshot") as root:
            try:
                os.rename(copy, MEMORY, dst_dir_fd=root)
            except OSError as error:
                where = self._machine.place.root
                raise Refusal(
                    "state_folder",
                    f"the memory that the Diff builds on cannot be moved into {where}: {error.strerror}",
                    "Keep snapshots and microVMs on one file system.",
                ) from error

    @contextmanager
    def _standing_still(self) -> Iterator[None]:
        """The VM goes on afterwards if it ran before, unless it is to be stopped and all went well."""
        if self._machine.is_running:
            self._machine.pause()
        try:
            yield
        except BaseException:
            self._go_on()
            raise
        if not self._is_stopped:
            self._go_on()

    def _go_on(self) -> None:
        if self._was_running:
            self._machine.resume()

    def _create(self) -> None:
        size = self._machine.memory_bytes
        self._report(f"Writing {size // MIB} MiB of memory")
        forget_last(self._machine)
        paths = {"snapshot_path": f"snapshot/{STATE}", "mem_file_path": f"snapshot/{MEMORY}"}
        seconds = CREATE_SECONDS + size / SLOWEST_BYTES_PER_SECOND
        self._machine.call("PUT", "/snapshot/create", {"snapshot_type": self._type, **paths}, seconds)

    def _finish(self, drives: list[Drive], base: Base | None) -> Args:
        with root_folder(self._machine, "snapshot") as root:
            for name, target in ((STATE, "state"), (MEMORY, "memory")):
                move_out(self._machine, root, name, os.path.join(self._folder, target), self._report)
        listed = save_read_drives(self._machine, drives, self._folder, self._report)
        manifest = write_manifest(self._folder, self._machine, self._type, base, listed)
        self._claimed.write(self._owner, phase="taken", microVm=self._machine.place.name)
        remember_last(self._machine, self._name, self._owner.instance_id)
        return manifest

    def _undo(self) -> None:
        """Nothing half-done stays: neither in the snapshot's folder nor in the VM's working root."""
        try:
            with root_folder(self._machine, "snapshot") as root:
                remove_names(root, STATE, MEMORY)
        except (OSError, Refusal):
            pass  # The VM has ended, and its root is as it is.
        if os.path.exists(self._folder):
            remove_thing(self._folder)
