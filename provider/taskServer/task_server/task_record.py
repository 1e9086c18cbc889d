"""What a task looks like to the provider."""

from __future__ import annotations

import sqlite3
import time


def describe_task(row: sqlite3.Row) -> dict[str, object]:
    """A task as JSON: absent values are absent, times are ISO 8601 in UTC, durations in milliseconds."""
    record: dict[str, object] = {
        "id": row["id"],
        "owner": row["owner"],
        "state": row["state"],
        "attempts": row["attempts"],
        "queuedAt": iso_time(row["queued_at"]),
        "masked": bool(row["masked"]),
        "collected": bool(row["collected"]),
    }
    optional = {
        "reason": row["reason"],
        "guest": row["guest"],
        "claimedAt": row["claimed_at"] and iso_time(row["claimed_at"]),
        "finishedAt": row["finished_at"] and iso_time(row["finished_at"]),
        "durationMs": row["duration_ms"],
        "exitCode": row["exit_code"],
        "resultBytes": row["result_bytes"],
        "resultSha256": row["result_sha256"],
        "errorKind": row["error_kind"],
        "agentDurationMs": row["agent_duration_ms"],
    }
    record.update({key: value for key, value in optional.items() if value is not None})
    return record


def iso_time(seconds: float) -> str:
    """`2026-01-31T12:34:56.789Z`."""
    whole = time.gmtime(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", whole) + f".{int(seconds * 1000) % 1000:03d}Z"
