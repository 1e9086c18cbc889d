"""Parts of a run beside its result, as operations on the database: what it printed as errors, its patch."""

from __future__ import annotations

import sqlite3

from .http_error import HttpError
from .result_files import ResultFiles
from .task_queue import is_task_id
from .task_results import ReceivedResult
from .writer import Transaction


def find_claimed(transaction: Transaction, guest: str, task_id: str) -> sqlite3.Row:
    """The task that a guest works on; refuses any other."""
    row = transaction.row("SELECT * FROM tasks WHERE id = ?", task_id) if is_task_id(task_id) else None
    if row is None:
        raise HttpError(404, "There is no such task.")
    if row["guest"] != guest:
        raise HttpError(403, "This task is not yours.")
    if row["state"] not in ("claimed", "queued"):
        raise HttpError(409, "The task has ended.")
    return row


def keep_part(
    transaction: Transaction, guest: str, task_id: str, name: str, part: ReceivedResult, files: ResultFiles
) -> None:
    """Stores a part; the same name again takes the place of what was there."""
    find_claimed(transaction, guest, task_id)
    if part.path is not None:
        files.keep(part.path, f"{task_id}.{name}")
    transaction.run(
        "INSERT OR REPLACE INTO parts (task_id, name, size, sha256, masked, body) VALUES (?, ?, ?, ?, ?, ?)",
        task_id,
        name,
        part.size,
        part.sha256,
        int(part.is_masked),
        part.inline,
    )


def describe_parts(transaction: Transaction, task_id: str) -> list[dict[str, object]]:
    rows = transaction.connection.execute(
        "SELECT name, size, sha256 FROM parts WHERE task_id = ? ORDER BY name", (task_id,)
    ).fetchall()
    return [{"name": row["name"], "bytes": row["size"], "sha256": row["sha256"]} for row in rows]


def find_unfinished(transaction: Transaction) -> set[str]:
    """Tasks of which what is in memory only may still be wanted."""
    rows = transaction.connection.execute("SELECT id FROM tasks WHERE state IN ('queued', 'claimed')").fetchall()
    return {str(row["id"]) for row in rows}
