"""The body of a stored result, open for reading."""

from __future__ import annotations

import os

from .refusal import Refusal
from .result_files import PARTS, ResultFiles
from .task_queue import require_task
from .writer import Transaction


class ResultBody:
    """A result's body that is open: it can be read to its end although the task is forgotten meanwhile."""

    def __init__(self, data: bytes | None, descriptor: int | None, size: int) -> None:
        self._data = data
        self._descriptor = descriptor
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        if self._data is not None:
            return self._data[offset : offset + length]
        assert self._descriptor is not None
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def open_body(transaction: Transaction, task_id: str, files: ResultFiles) -> ResultBody:
    row = require_task(transaction, task_id)
    if row["result_bytes"] is None:
        raise Refusal("no_result", f"the task {task_id} has no result")
    inline = transaction.row("SELECT body FROM results WHERE task_id = ?", task_id)
    if inline is not None:
        return ResultBody(bytes(inline["body"]), None, int(row["result_bytes"]))
    try:
        descriptor = os.open(files.path_of(task_id), os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Refusal(
            "result_missing",
            f"the result of task {task_id} was removed from the state folder: {error.strerror}",
        ) from error
    return ResultBody(None, descriptor, int(row["result_bytes"]))


def open_part(transaction: Transaction, task_id: str, name: str, files: ResultFiles) -> ResultBody:
    """Opens a part of a run. The transcript is in a file only, and may still grow: it is read as long as it is now."""
    require_task(transaction, task_id)
    row = transaction.row("SELECT * FROM parts WHERE task_id = ? AND name = ?", task_id, name)
    if row is not None and row["body"] is not None:
        return ResultBody(bytes(row["body"]), None, int(row["size"]))
    if name not in PARTS or (row is None and name != "transcript"):
        raise Refusal("no_part", f"the task {task_id} has no such part")
    try:
        descriptor = os.open(files.path_of_part(task_id, name), os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Refusal("no_part", f"the task {task_id} has no {name}: {error.strerror}") from error
    return ResultBody(None, descriptor, os.fstat(descriptor).st_size)
