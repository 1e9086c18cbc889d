"""Runs a program in namespaces of its own: its mounts and all its descendants are gone when it ends, or when we do.

The program gets a private mount namespace, so that no mount is ever seen outside, and is the first process of a PID
namespace, so that the kernel ends all that it started together with it (pid_namespaces(7)).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import time
from collections import deque
from collections.abc import Mapping
from typing import Callable, NamedTuple, NoReturn

from task_server.refusal import Refusal

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
PR_SET_PDEATHSIG = 1
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REC, MS_PRIVATE = 0x4000, 0x40000

# How often a connection that has broken is looked for, in milliseconds.
POLL_MS = 500
# How long all processes of a namespace may take to be gone after SIGKILL.
END_SECONDS = 20.0
TAIL_LINES = 30
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXY_NAMES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Program(NamedTuple):
    """What is run; `root` is the folder that it sees as `/`, with /proc, /sys and /dev/pts mounted in it."""

    what: str
    argv: list[str]
    root: str | None = None
    env: Mapping[str, str] | None = None


def run_contained(program: Program, deadline: float, on_line: Callable[[str], None] = lambda _line: None) -> str:
    """Runs it to its end and returns its last lines. Its failure, or a broken connection, is a refusal."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(program, writer)
    os.close(writer)
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    is_ended = False
    try:
        _follow(program.what, reader, deadline, tail, on_line)
        is_ended = True
    finally:
        if not is_ended:
            os.kill(pid, signal.SIGKILL)
            _drain(reader)
        os.close(reader)
        _, status = os.waitpid(pid, 0)
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    text = "\n".join(tail)
    if code != 0:
        raise Refusal("build_failed", f"{program.what} ended with {code}", log_tail=text)
    return text


def _follow(what: str, reader: int, deadline: float, tail: deque[str], on_line: Callable[[str], None]) -> None:
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    poller.register(1, 0)  # Errors and hang-ups only: standard output leads to whoever asked.
    rest = b""
    while True:
        ready = dict(poller.poll(POLL_MS))
        if 1 in ready:
            raise Refusal("abandoned", "the connection is gone")
        if time.monotonic() > deadline:
            raise Refusal(
                "timed_out",
                f"{what} was not done in time",
                "Raise `timeoutSeconds`; a faster `mirror` or `npmRegistry` helps too.",
                "\n".join(tail),
            )
        if reader not in ready:
            continue
        data = os.read(reader, 65536)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip()
            tail.append(text[-500:])
            on_line(text)


def _drain(reader: int) -> None:
    """Waits until no process holds the other end: then all of them are gone."""
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        if poller.poll(POLL_MS) and not os.read(reader, 65536):
            return


def _become(program: Program, writer: int) -> NoReturn:
    """The child: enters its namespaces, and waits for a child of its own, which is the program."""
    code = 127
    try:
        _die_with_parent()
        os.umask(0o022)
        _check(_libc().unshare(CLONE_NEWNS | CLONE_NEWPID))
        pid = os.fork()
        if pid == 0:
            _die_with_parent()
            _replace_by(program, writer)
        os.close(writer)
        _, status = os.waitpid(pid, 0)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    except BaseException as error:
        os.write(writer, f"{type(error).__name__}: {error}\n".encode())
    os._exit(code)


def _replace_by(program: Program, writer: int) -> None:
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    if program.root is not None:
        _enter_root(program.root)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    # Python ignores it, and what is started would too.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    kept = {name: os.environ[name] for name in _PROXY_NAMES if name in os.environ}
    env = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", **kept, **(program.env or {})}
    try:
        os.execvpe(program.argv[0], program.argv, env)
    except OSError as error:
        os.write(2, f"{program.argv[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _enter_root(root: str) -> None:
    quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC
    _mount("proc", f"{root}/proc", "proc", quiet)
    _mount("sysfs", f"{root}/sys", "sysfs", quiet | MS_RDONLY)
    _mount("devpts", f"{root}/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5")
    os.chroot(root)
    os.chdir("/")


def _die_with_parent() -> None:
    _check(_libc().prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0))


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    encoded = None if kind is None else kind.encode()
    _check(
        _libc().mount(source.encode(), target.encode(), encoded, ctypes.c_ulong(flags), options.encode()),
        f"cannot mount {target}",
    )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str = "cannot make a namespace") -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
