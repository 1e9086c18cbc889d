"""Keeps one Firecracker process: starts it, holds its serial output, and writes down how it ended.

It is a program of its own, written to the VM's folder and run as

    python3 -IS keeper.py SERIAL_LOG_BYTES PID_FILE FOLDER PROGRAM ARGUMENT...

PID_FILE is where a jailer says which process it has left behind (empty without one), FOLDER where the program is to
work. It imports as little as it can, since there is one for each VM: json alone is a megabyte. In the VM's folder:

keeper.pid    which process this is
vm.pid        which process Firecracker is: pid, start time, boot id (task_server.process_identity), and when it started
exit.json     how that process ended
serial.head.log, serial.1.log, serial.log   what it printed, first parts first, bounded by SERIAL_LOG_BYTES together
"""

from __future__ import annotations

import os
import select
import sys
import time

# As typing has it, whose import costs more memory than all of this program; mypy knows the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

CHUNK_BYTES = 65536
# Where the kernel has no pidfd (before 5.3), a child's end is looked for this often.
POLL_MS = 200
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    os.chdir(folder)
    # A folder that is gone again is a start that nobody wants any more: then this ends here, with nothing started.
    write_json("keeper.pid", identify(os.getpid()))
    bound, pid_file, cwd = sys.argv[1:4]
    if pid_file:
        become_subreaper()
    pid, output = start(cwd, sys.argv[4:])
    log = SerialLog(int(bound))
    status = pump(pid, output, log)
    left = read_left_pid(pid_file)
    if left is not None and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        # The jailer has put Firecracker into a process namespace of its own, and ended.
        write_json("vm.pid", describe_vm(left))
        status = pump(left, output, log)
    drain(output, log)
    write_json("exit.json", describe_end(status))


def start(cwd: str, argv: list[str]) -> tuple[int, int]:
    """Starts the process, and returns its pid and the end of the pipe that its output comes out of."""
    output, child_output = os.pipe()
    gate, opened = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opened)
        run_child(cwd, argv, gate, child_output)
    os.close(gate)
    os.close(child_output)
    write_json("vm.pid", describe_vm(pid))
    # Only a process whose pid is on disk runs anything: should this one be killed before, the child ends too.
    os.write(opened, b"g")
    os.close(opened)
    os.set_blocking(output, False)
    return pid, output


def run_child(cwd: str, argv: list[str], gate: int, output: int) -> NoReturn:
    try:
        if os.read(gate, 1) != b"g":
            os._exit(70)
        os.chdir(cwd)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # Standard input is /dev/null already. Nothing of the login's environment is Firecracker's business.
        os.execve(argv[0], argv, {"PATH": os.defpath})
    except BaseException as error:
        os.write(output, f"could not be started: {error}\n".encode())
    finally:
        os._exit(71)


def pump(pid: int, output: int, log: SerialLog) -> int:
    """Writes the output to the log until the process has ended; returns its wait status."""
    handle = open_pidfd(pid)
    poller = select.poll()
    poller.register(output, select.POLLIN)
    if handle is not None:
        poller.register(handle, select.POLLIN)
    try:
        while True:
            events = dict(poller.poll(None if handle is not None else POLL_MS))
            if output in events and not copy_chunk(output, log):
                poller.unregister(output)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended != 0:
                return status
    finally:
        if handle is not None:
            os.close(handle)


def copy_chunk(output: int, log: SerialLog) -> bool:
    """False when nobody can write to the pipe any more."""
    try:
        chunk = os.read(output, CHUNK_BYTES)
    except BlockingIOError:
        return True
    if chunk:
        log.write(chunk)
    return bool(chunk)


def drain(output: int, log: SerialLog) -> None:
    """What stood in the pipe when the process ended; others may still hold its other end."""
    while True:
        try:
            chunk = os.read(output, CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            return
        log.write(chunk)


class SerialLog:
    """Keeps the first half of its bound, and of the rest the end.

    The first part goes to serial.head.log when it is full. After that serial.log becomes serial.1.log whenever it has
    a quarter of the bound, and a new one says what was left out.
    """

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.rotations = 0
        self.size = 0
        self.lost = 0
        self.file = open_log()

    def write(self, data: bytes) -> None:
        while self.size + len(data) > self.limit():
            room = max(self.limit() - self.size, 0)
            # At the end of a line where there is one.
            end = data.rfind(b"\n", 0, room) + 1 or room
            self.append(data[:end])
            self.rotate()
            data = data[end:]
        self.append(data)

    def limit(self) -> int:
        return self.bound // (2 if self.rotations == 0 else 4)

    def append(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self.file, view) :]
        except OSError:
            pass  # The disk is full: the VM goes on, and its log again when there is room.
        self.size += len(data)

    def rotate(self) -> None:
        os.close(self.file)
        if self.rotations == 0:
            os.rename("serial.log", "serial.head.log")
        else:
            if self.rotations > 1:
                self.lost += os.stat("serial.1.log").st_size
            os.rename("serial.log", "serial.1.log")
        self.rotations += 1
        self.file = open_log()
        self.size = 0
        if self.rotations > 1:
            note = f"[fc-agents: before this stand serial.head.log, {self.lost} bytes left out, serial.1.log]\n"
            self.append(note.encode())


def open_log() -> int:
    return os.open("serial.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def describe_vm(pid: int) -> dict[str, object]:
    return {**identify(pid), "startedAt": now()}


def describe_end(status: int) -> dict[str, object]:
    how = {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {"exitCode": os.WEXITSTATUS(status)}
    return {**how, "endedAt": now()}


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def identify(pid: int) -> dict[str, object]:
    with open(f"/proc/{pid}/stat", "rb") as file:
        start_time = int(file.read().rpartition(b")")[2].split()[19])
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
        return {"pid": pid, "startTime": start_time, "bootId": boot.read().strip()}


def write_json(name: str, value: dict[str, object]) -> None:
    descriptor = os.open(f"{name}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    # Numbers, and texts that need no quoting: a date, an id.
    texts = {key: str(item) if isinstance(item, int) else f'"{item}"' for key, item in value.items()}
    fields = (f'"{key}": {text}' for key, text in texts.items())
    os.write(descriptor, ("{" + ", ".join(fields) + "}").encode())
    os.close(descriptor)
    os.rename(f"{name}.new", name)


def read_left_pid(path: str) -> int | None:
    """The jailer writes it before it ends (`--new-pid-ns`)."""
    if not path:
        return None
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def become_subreaper() -> None:
    """What the jailer leaves behind becomes this process's child then (prctl(2))."""
    import ctypes  # Here only: it costs memory.

    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as error:
        sys.exit(f"the VM's folder is gone: {error}")
