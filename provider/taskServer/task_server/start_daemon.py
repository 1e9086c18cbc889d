"""Starts the server as a process of its own, and waits until it works or says why it does not."""

from __future__ import annotations

import json
import os
import select
import sys

from .process_identity import end_process
from .refusal import Refusal
from .server_settings import ServerSettings
from .state_folder import folder_errors, read_log_tail, read_process

START_SECONDS = 30.0


def start_daemon(settings: ServerSettings, program: str) -> None:
    """Returns when the server listens. When it refuses, no process is left."""
    ready_end, ready = os.pipe()
    input_end, settings_end = os.pipe()
    # The pipe may take less than a prompt's worth, but a token and some limits always fit.
    os.set_inheritable(ready, True)
    with folder_errors(settings.folder):
        path = os.path.join(settings.folder, "server.log")
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    child = os.fork()
    if child == 0:
        _become_daemon(program, input_end, log)
    for descriptor in (ready, input_end, log):
        os.close(descriptor)
    # The daemon is the child of a child that ended at once, so that nobody has to wait for it.
    os.waitpid(child, 0)
    start = {"settings": settings.to_json(), "ready": ready}
    try:
        _send_settings(settings_end, start)
        answer = _read_answer(ready_end)
    finally:
        os.close(ready_end)
    if answer.get("ok") is True:
        return
    _end(settings.folder)
    error = answer.get("error")
    if isinstance(error, dict):
        raise Refusal(str(error.get("code")), str(error.get("message")), error.get("hint"))
    raise Refusal("start", "the task server did not start", "Its log says more.", read_log_tail(settings.folder))


def _become_daemon(program: str, input_end: int, log: int) -> None:
    """Never returns: this is the child."""
    try:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        os.umask(0o077)
        os.chdir("/")
        os.dup2(input_end, 0)
        null = os.open("/dev/null", os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(log, 2)
        # Nothing of the login's environment is the server's business.
        os.execve(sys.executable, [sys.executable, "-IS", program, "serve"], {"PATH": os.defpath, "LANG": "C.UTF-8"})
    except BaseException as error:
        os.write(2, f"could not be started: {error}\n".encode())
    finally:
        os._exit(71)


def _send_settings(settings_end: int, start: dict[str, object]) -> None:
    try:
        with os.fdopen(settings_end, "wb") as pipe:
            pipe.write(json.dumps(start).encode() + b"\n")
    except BrokenPipeError:
        pass  # It has ended already; that it gives no answer tells the rest.


def _read_answer(ready_end: int) -> dict[str, object]:
    data = b""
    while not data.endswith(b"\n"):
        readable, _, _ = select.select([ready_end], [], [], START_SECONDS)
        piece = os.read(ready_end, 65536) if readable else b""
        if not piece:
            return {}
        data += piece
    answer: dict[str, object] = json.loads(data)
    return answer


def _end(folder: str) -> None:
    process = read_process(folder)
    if process is not None:
        end_process(process, 5.0, 5.0)
