"""The life of a task, as operations on the database.

queued -> claimed -> done, failed or cancelled. A task that is claimed but not `delivered` was taken from the queue
before its response had reached the guest: the claim is on the disk first, so that a crash never gives it out twice.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from . import fault
from .process_identity import read_boot_id
from .refusal import Refusal
from .result_files import ResultFiles
from .task_record import describe_task
from .writer import Transaction

# Far more than anybody queues; it bounds what a runaway stack can do.
MAX_QUEUED = 10_000
MAX_ATTEMPTS = 10

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


class Delivery(NamedTuple):
    """A task on its way to a guest."""

    task_id: str
    fields: dict[str, object]


class NoDelivery(Enum):
    """Why a guest gets no task."""

    QUEUE_EMPTY = 1
    HAS_TASK = 2


def is_task_id(text: str) -> bool:
    return _TASK_ID.fullmatch(text) is not None


def require_task(transaction: Transaction, task_id: str) -> sqlite3.Row:
    row = transaction.row("SELECT * FROM tasks WHERE id = ?", task_id)
    if row is None:
        raise Refusal("unknown_task", f"there is no task {task_id[:128]}")
    return row


def submit(transaction: Transaction, task: dict[str, object]) -> dict[str, object]:
    """Queues a task, or finds the one that has its id: asking twice queues it once."""
    task_id, owner, fields = task.get("id"), task.get("owner"), task.get("fields")
    max_attempts, injected = task.get("maxAttempts"), task.get("injected") is True
    if not isinstance(task_id, str) or not is_task_id(task_id) or not isinstance(owner, str) or not owner:
        raise Refusal("bad_request", "a task needs an id and an owner")
    if not isinstance(fields, dict) or type(max_attempts) is not int or not 1 <= max_attempts <= MAX_ATTEMPTS:
        raise Refusal("bad_request", "a task needs fields and a number of attempts")
    text = json.dumps(fields, ensure_ascii=False)
    if _LONE_SURROGATE.search(text + owner):
        raise Refusal("bad_request", "a task's text has a lone surrogate")
    found = transaction.row("SELECT * FROM tasks WHERE id = ?", task_id)
    if found is not None:
        if found["owner"] != owner:
            raise Refusal("conflict", f"the task {task_id} belongs to {found['owner']}")
        if injected:
            set_meta(transaction, "injected_task_id", task_id)
        return describe_task(found)
    queued = transaction.row("SELECT count(*) AS n FROM tasks WHERE state = 'queued'")
    if queued is not None and queued["n"] >= MAX_QUEUED:
        raise Refusal("queue_full", f"{MAX_QUEUED} tasks are queued already")
    _withdraw_older(transaction, owner)
    transaction.run(
        "INSERT INTO tasks (id, owner, injected, state, position, max_attempts, fields, queued_at, has_env)"
        " VALUES (?, ?, ?, 'queued', (SELECT coalesce(max(position), 0) + 1 FROM tasks WHERE state = 'queued'),"
        " ?, ?, ?, ?)",
        task_id,
        owner,
        int(injected),
        max_attempts,
        text,
        time.time(),
        int(bool(task.get("hasEnv"))),
    )
    if injected:
        set_meta(transaction, "injected_task_id", task_id)
    transaction.changed.append(task_id)
    transaction.newly_queued += 1
    fault.point("task-inserted")
    return describe_task(require_task(transaction, task_id))


def _withdraw_older(transaction: Transaction, owner: str) -> None:
    """A new task of an owner takes the place of one that no guest has taken; a claimed one goes on."""
    older = transaction.connection.execute(
        "SELECT id FROM tasks WHERE owner = ? AND state = 'queued'", (owner,)
    ).fetchall()
    for row in older:
        end_task(transaction, row["id"], "cancelled", "withdrawn: its owner queued another task")


def cancel(transaction: Transaction, task_id: str) -> dict[str, object]:
    """Withdraws a task that is still queued. A claimed one goes on: the agent is at work and paid for."""
    row = require_task(transaction, task_id)
    if row["state"] == "queued":
        end_task(transaction, task_id, "cancelled", "withdrawn before a guest took it")
    return describe_task(require_task(transaction, task_id))


def forget(transaction: Transaction, task_id: str, files: ResultFiles) -> None:
    """Removes a task and its result. Forgetting what is not known succeeds."""
    if not is_task_id(task_id):
        return
    transaction.run("DELETE FROM tasks WHERE id = ?", task_id)
    transaction.run("DELETE FROM results WHERE task_id = ?", task_id)
    transaction.run("DELETE FROM parts WHERE task_id = ?", task_id)
    transaction.changed.append(task_id)
    transaction.after_commit(lambda: files.remove(task_id))


def mark_collected(transaction: Transaction, task_id: str) -> None:
    require_task(transaction, task_id)
    transaction.run("UPDATE tasks SET collected = 1 WHERE id = ?", task_id)


def claim(
    transaction: Transaction,
    guest: str,
    is_asking: bool,
    may_have_arrived: Callable[[str], bool],
    has_env: Callable[[str], bool],
) -> Delivery | NoDelivery:
    """Takes the next task for a guest. A guest that asks while it has a task has lost that one.

    `is_asking` is false for a request that was held already when the guest got its task: that one says nothing.
    `may_have_arrived` is asked of a task whose delivery a crash of the server has left open, `has_env` of one with
    variables, which are in memory only: without them it stays queued until the provider tells them again.
    """
    held = transaction.row("SELECT * FROM tasks WHERE guest = ? AND state = 'claimed'", guest)
    if held is not None:
        if not is_asking:
            return NoDelivery.HAS_TASK
        again = _take_up_again(transaction, held, may_have_arrived)
        if again is not None:
            return again
    rows = transaction.connection.execute("SELECT * FROM tasks WHERE state = 'queued' ORDER BY position")
    row = next((row for row in rows if not row["has_env"] or has_env(row["id"])), None)
    rows.close()
    if row is None:
        return NoDelivery.QUEUE_EMPTY
    return _hand_out(transaction, row, guest, int(row["attempts"]) + 1)


def _take_up_again(
    transaction: Transaction, row: sqlite3.Row, may_have_arrived: Callable[[str], bool]
) -> Delivery | None:
    """What to do with the task of a guest that asks for one."""
    # What is known of a response that was under way when the server ended is lost when the host ends too.
    is_same_boot = str(row["claimed_monotonic"]).startswith(f"{read_boot_id()} ")
    if not row["delivered"] and is_same_boot and not may_have_arrived(row["id"]):
        # The server ended before it had sent the whole response: no agent can have run.
        return _hand_out(transaction, row, row["guest"], int(row["attempts"]))
    if row["attempts"] < row["max_attempts"]:
        return _hand_out(transaction, row, row["guest"], int(row["attempts"]) + 1)
    reason = f"the guest {row['guest']} lost it: it asked for a task again before it had returned a result"
    if row["max_attempts"] > 1:
        reason += f" (attempt {row['attempts']} of {row['max_attempts']})"
    end_task(transaction, row["id"], "failed", reason)
    return None


def _hand_out(transaction: Transaction, row: sqlite3.Row, guest: str, attempts: int) -> Delivery:
    transaction.run(
        "UPDATE tasks SET state = 'claimed', guest = ?, delivered = 0, attempts = ?, claimed_at = ?,"
        " claimed_monotonic = ? WHERE id = ?",
        guest,
        attempts,
        time.time(),
        f"{read_boot_id()} {time.monotonic()}",
        row["id"],
    )
    transaction.changed.append(row["id"])
    fault.point("task-claimed")
    return Delivery(row["id"], json.loads(row["fields"]))


def confirm_delivery(transaction: Transaction, task_id: str) -> None:
    transaction.run("UPDATE tasks SET delivered = 1 WHERE id = ? AND state = 'claimed'", task_id)


def return_to_queue(transaction: Transaction, task_id: str) -> None:
    """The response did not reach the guest: the task goes to the front of the queue, as if it had not been taken.

    The guest stays noted: should the response have arrived after all, its result is taken.
    """
    changed = transaction.run(
        "UPDATE tasks SET state = 'queued', attempts = attempts - 1, claimed_at = NULL, claimed_monotonic = NULL,"
        " position = (SELECT coalesce(min(position), 0) - 1 FROM tasks WHERE state = 'queued')"
        " WHERE id = ? AND state = 'claimed' AND delivered = 0",
        task_id,
    )
    if changed:
        transaction.changed.append(task_id)
        transaction.newly_queued += 1


def end_task(transaction: Transaction, task_id: str, state: str, reason: str | None) -> None:
    """Gives a task its final state; what only a guest needs of it is dropped."""
    row = require_task(transaction, task_id)
    now = time.time()
    transaction.run(
        "UPDATE tasks SET state = ?, reason = ?, finished_at = ?, finished_uptime = ?, duration_ms = ?, fields = '{}'"
        " WHERE id = ?",
        state,
        reason,
        now,
        read_uptime(transaction),
        _duration_ms(row, now),
        task_id,
    )
    transaction.changed.append(task_id)


def _duration_ms(row: sqlite3.Row, now: float) -> int | None:
    """From claim to now. The kernel's monotonic clock where it is still the same boot: wall clocks jump."""
    if row["claimed_at"] is None:
        return None
    boot_id, _, since = (row["claimed_monotonic"] or "").partition(" ")
    elapsed = time.monotonic() - float(since) if boot_id == read_boot_id() else now - float(row["claimed_at"])
    return max(0, round(elapsed * 1000))


def read_uptime(transaction: Transaction) -> float:
    """Seconds that the server has been up in all, as of its last tick: what retention is counted in."""
    return float(get_meta(transaction, "uptime_seconds") or 0)


def age_and_purge(
    transaction: Transaction, elapsed_seconds: float, retention_seconds: float, files: ResultFiles
) -> int:
    """Counts time that has passed, by a clock that cannot jump, and removes finished tasks that are too old."""
    uptime = read_uptime(transaction) + elapsed_seconds
    set_meta(transaction, "uptime_seconds", str(uptime))
    old = transaction.connection.execute(
        "SELECT id FROM tasks WHERE finished_uptime IS NOT NULL AND finished_uptime < ?",
        (uptime - retention_seconds,),
    ).fetchall()
    for row in old:
        forget(transaction, row["id"], files)
    return len(old)


def get_meta(transaction: Transaction, key: str) -> str | None:
    row = transaction.row("SELECT value FROM meta WHERE key = ?", key)
    return None if row is None else str(row["value"])


def set_meta(transaction: Transaction, key: str, value: str) -> None:
    transaction.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)


def summarize(transaction: Transaction) -> dict[str, object]:
    """The queue's part of the server's status."""
    counts = {
        row["state"]: row["n"]
        for row in transaction.connection.execute("SELECT state, count(*) AS n FROM tasks GROUP BY state")
    }
    uncollected = transaction.connection.execute(
        "SELECT id FROM tasks WHERE state = 'done' AND collected = 0 ORDER BY finished_at LIMIT 1000"
    ).fetchall()
    summary: dict[str, object] = {
        "queued": counts.get("queued", 0),
        "claimed": counts.get("claimed", 0),
        "uncollected": [row["id"] for row in uncollected],
    }
    injected = get_meta(transaction, "injected_task_id")
    if injected is not None:
        summary["injectedTaskId"] = injected
    return summary


def count_ahead(transaction: Transaction, row: sqlite3.Row) -> int:
    """How many tasks are handed out before this one."""
    found = transaction.row("SELECT count(*) AS n FROM tasks WHERE state = 'queued' AND position < ?", row["position"])
    return 0 if found is None else int(found["n"])
