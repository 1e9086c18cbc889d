"""Stops exactly the server that was deployed, and removes what it left if that is wanted."""

from __future__ import annotations

import os

from .process_identity import end_process
from .refusal import Refusal
from .state_folder import (
    folder_errors,
    locked_folder,
    read_description,
    read_process,
    remove_folder,
    server_folder,
)

GRACE_SECONDS = 8.0
KILL_SECONDS = 5.0


def stop(command: dict[str, object]) -> dict[str, object]:
    """Already stopped, rebooted, never there, or another instance in its place: success, and nothing is touched."""
    folder = server_folder(command["folder"])
    with locked_folder(folder, create=False) as is_new:
        if is_new is None:
            return {"status": "absent", "uncollected": []}
        description = read_description(folder)
        if description is not None and description.get("instanceId") != command["instanceId"]:
            return {"status": "taken-over", "uncollected": []}
        process = read_process(folder)
        if process is not None and not end_process(process, GRACE_SECONDS, KILL_SECONDS):
            raise Refusal("not_ended", f"the task server (pid {process.pid}) does not end, not even by SIGKILL")
        for name in ("server.pid", "control.sock"):
            # Left by a server that was killed, or by a reboot.
            if os.path.lexists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        if command.get("remove") is not True:
            return {"status": "stopped", "uncollected": []}
        uncollected = _find_uncollected(folder)
        with folder_errors(folder):
            remove_folder(folder)
        return {"status": "absent", "uncollected": uncollected}


def _find_uncollected(folder: str) -> list[str]:
    """Results that are about to be removed and that nobody has seen. A damaged database is no reason to stay."""
    if not os.path.exists(os.path.join(folder, "queue.db")):
        return []
    import sqlite3

    from .database import lock_database, open_database

    try:
        lock = lock_database(folder)
        try:
            connection = open_database(folder)
            try:
                rows = connection.execute("SELECT id FROM tasks WHERE state = 'done' AND collected = 0").fetchall()
                return [str(row["id"]) for row in rows]
            finally:
                connection.close()
        finally:
            os.close(lock)
    except (Refusal, sqlite3.Error):
        return []
