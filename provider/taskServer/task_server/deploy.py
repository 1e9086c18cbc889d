"""Brings a task server up: takes over one that runs, or starts one, and queues the task that came along."""

from __future__ import annotations

import os
import time
from importlib.util import find_spec
from typing import cast

from .control_call import ControlCall, connect_control, connect_running
from .netns import require_netns
from .process_identity import end_process
from .refusal import Refusal
from .server_settings import ServerSettings
from .start_daemon import start_daemon
from .state_folder import (
    folder_errors,
    locked_folder,
    read_description,
    read_log_tail,
    read_process,
    remove_folder,
    server_folder,
    write_atomically,
    write_description,
)

Command = dict[str, object]

GRACE_SECONDS = 8.0
KILL_SECONDS = 5.0
RESTART_SECONDS = 2.0
RESTART_POLL_SECONDS = 0.02


def deploy(command: Command, archive: bytes) -> dict[str, object]:
    """Returns the server's status. When it refuses, the host is as it was before."""
    settings = _settings_of(command)
    _check_host(settings)
    with locked_folder(settings.folder, create=True) as is_new:
        found = read_description(settings.folder)
        try:
            _check_owner(found or {}, settings, command.get("takeOver") is True)
            return _adopt(settings, command) or _start(settings, command, archive)
        except BaseException:
            if is_new:
                remove_folder(settings.folder)
            elif found is not None and found != read_description(settings.folder):
                write_description(settings.folder, found)
            raise


def _settings_of(command: Command) -> ServerSettings:
    identity = cast("dict[str, object]", command["identity"])
    settings = ServerSettings(
        folder=server_folder(command["folder"]),
        tap_ip=str(identity["tapIp"]),
        tap_port=int(cast(int, identity["tapPort"])),
        netns=cast("str | None", identity.get("netns")),
        owner=str(command["owner"]),
        instance_id=str(command["instanceId"]),
        version=str(command["version"]),
        started_at=time.time(),
        token="-",
        max_result_bytes=1,
        retention_hours=1,
    )
    settings.update(command)
    return settings


def _check_host(settings: ServerSettings) -> None:
    if find_spec("_sqlite3") is None:
        raise Refusal(
            "python_incomplete",
            "python3 there has no sqlite3 module",
            "Install the rest of its standard library (Alpine: apk add py3-sqlite; Debian: libsqlite3-0).",
        )
    if settings.netns is not None:
        if os.geteuid() != 0:
            raise Refusal(
                "not_root",
                "entering a network namespace needs root",
                "Log in as root, or set `sudo` in `connection`.",
            )
        require_netns(settings.netns)


def _check_owner(found: Command, settings: ServerSettings, may_take_over: bool) -> None:
    owner = found.get("owner")
    if isinstance(owner, str) and owner != settings.owner and not may_take_over:
        raise Refusal(
            "owned",
            f"the task server for {settings.tap_ip}:{settings.tap_port} there belongs to {owner}",
            "Choose another `tapPort` or `netns`, or set `takeOver: true` to make it this stack's.",
        )


def _adopt(settings: ServerSettings, command: Command) -> dict[str, object] | None:
    """Goes on with a server that runs; None when there is none, or it had to end because its program is another."""
    process = read_process(settings.folder)
    if process is None:
        return None
    try:
        connection = connect_running(settings.folder)
        if connection is None:
            return None  # It has ended in this very moment.
        with ControlCall(connection) as control:
            status = control.ask("status")
            is_same = status.get("serverVersion") == settings.version
            if is_same or not status.get("idle"):
                status = _hand_over(control, settings, command)
                # The one that runs may be an older one, left in place because it is at work.
                _describe(settings, command, status.get("serverVersion"))
                return status
    except Refusal as refusal:
        # A newer or older server that is at work cannot be talked to, and must not be ended.
        if refusal.code == "protocol":
            raise Refusal(
                "busy_other_version",
                "a task server of another version is at work there",
                "Run `pulumi up` again when its task has ended.",
            ) from refusal
        if refusal.code != "not_answering":
            raise
        # Its queue and results are on the disk, so it is started anew.
    except OSError:
        pass  # It broke off: the same.
    from .database import require_known_schema  # Here, since it needs sqlite3, which _check_host asks for.

    require_known_schema(settings.folder)
    if not end_process(process, GRACE_SECONDS, KILL_SECONDS):
        raise Refusal("not_ended", f"the old task server (pid {process.pid}) does not end")
    return None


def _start(settings: ServerSettings, command: Command, archive: bytes) -> dict[str, object]:
    from .database import check_database  # Here, since it needs sqlite3, which _check_host asks for.

    # Before its program is replaced: one that this version cannot use still has the version that wrote it.
    check_database(settings.folder)
    with folder_errors(settings.folder):
        program = os.path.join(settings.folder, "task_server.pyz")
        write_atomically(program, archive)
        # Before it starts, so that a server that runs can always be found and stopped.
        _describe(settings, command, settings.version)
    start_daemon(settings, program)
    try:
        with ControlCall(connect_control(settings.folder)) as control:
            return _hand_over(control, settings, command)
    except BaseException as error:
        process = read_process(settings.folder)
        if process is not None:
            end_process(process, GRACE_SECONDS, KILL_SECONDS)
        if isinstance(error, OSError):
            raise Refusal(
                "start",
                f"the task server started, but does not answer on its control socket: {error}",
                log_tail=read_log_tail(settings.folder),
            ) from error
        raise


def _hand_over(control: ControlCall, settings: ServerSettings, command: Command) -> dict[str, object]:
    """Token, limits and owner first, then the task, which may be taken at once."""
    limits = {"maxResultBytes": settings.max_result_bytes, "resultRetentionHours": settings.retention_hours}
    control.ask(
        "configure",
        token=settings.token,
        limits=limits,
        taskEnv=settings.task_env,
        owner=settings.owner,
        instanceId=settings.instance_id,
    )
    submission = command.get("submission")
    if submission is not None:
        control.ask("submit", task=submission)
    return control.ask("status")


def _describe(settings: ServerSettings, command: Command, version: object) -> None:
    """Writes down whose server it is, and which."""
    write_description(
        settings.folder,
        {
            "owner": settings.owner,
            "instanceId": settings.instance_id,
            "identity": command["identity"],
            "version": version,
        },
    )
