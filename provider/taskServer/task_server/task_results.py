"""What becomes of a task whose guest posts a result, as operations on the database."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from . import fault
from .http_error import HttpError
from .result_files import ResultFiles
from .task_queue import end_task, is_task_id
from .writer import Transaction


class ReceivedResult(NamedTuple):
    """A body that has arrived whole. `inline` has it, or else the file `path`, which is synced."""

    inline: bytes | None
    path: str | None
    size: int
    sha256: str
    # Of what the guest sent, before its token was masked: tells a repeated post from another one.
    received_sha256: str
    is_masked: bool
    exit_code: int
    # What the guest itself knows of a failure.
    error_kind: str | None = None
    agent_duration_ms: int | None = None


def find_receiver(transaction: Transaction, guest: str, task_id: str | None) -> str:
    """The id of the task that a guest may post a result for; refuses it as `finish_with_result` would."""
    return str(_find_posted(transaction, guest, task_id, None)["id"])


def finish_with_result(
    transaction: Transaction, guest: str, task_id: str | None, result: ReceivedResult, files: ResultFiles
) -> bool:
    """Stores a result with its task. False when the same result was stored before."""
    row = _find_posted(transaction, guest, task_id, result.received_sha256)
    if row["state"] not in ("claimed", "queued"):
        if row["state"] == "done" and row["received_sha256"] == result.received_sha256:
            return False
        raise HttpError(409, f"The task has ended ({row['state']}) with another result.")
    if result.inline is not None:
        transaction.run("INSERT OR REPLACE INTO results VALUES (?, ?)", row["id"], result.inline)
    elif result.path is not None:
        files.keep(result.path, row["id"])
    transaction.run(
        "UPDATE tasks SET exit_code = ?, result_bytes = ?, result_sha256 = ?, received_sha256 = ?, masked = ?,"
        " error_kind = ?, agent_duration_ms = ? WHERE id = ?",
        result.exit_code,
        result.size,
        result.sha256,
        result.received_sha256,
        int(result.is_masked),
        result.error_kind,
        result.agent_duration_ms,
        row["id"],
    )
    end_task(transaction, row["id"], "done", None)
    fault.point("result-recorded")
    return True


def _find_posted(transaction: Transaction, guest: str, task_id: str | None, received_sha256: str | None) -> sqlite3.Row:
    if task_id is not None:
        row = transaction.row("SELECT * FROM tasks WHERE id = ?", task_id) if is_task_id(task_id) else None
        if row is None:
            raise HttpError(404, "There is no such task.")
        if row["guest"] != guest:
            raise HttpError(403, "This task is not yours.")
        return row
    row = transaction.row(
        "SELECT * FROM tasks WHERE guest = ? AND state IN ('claimed', 'queued')"
        " ORDER BY state = 'queued', position LIMIT 1",
        guest,
    )
    if row is None:
        # The answer to its first post may have been lost: the same result again is no new one.
        row = transaction.row(
            "SELECT * FROM tasks WHERE guest = ? AND state = 'done' AND (?2 IS NULL OR received_sha256 = ?2)"
            " ORDER BY finished_at DESC LIMIT 1",
            guest,
            received_sha256,
        )
    if row is None:
        raise HttpError(404, "You have no task.")
    return row
