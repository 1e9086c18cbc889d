"""Marks of the tasks that may have reached their guest whole, though the database does not say so yet.

A mark is made before the last byte of a response is sent, and goes when the database knows what became of it. One that
a crash has left says that an agent may be at work. Marks are not synced: they have to outlive this process only, since
guests do not outlive their host.
"""

from __future__ import annotations

import os
import sqlite3


class SentMarks:
    def __init__(self, folder: str) -> None:
        self._folder = os.path.join(folder, "sent")
        os.makedirs(self._folder, mode=0o700, exist_ok=True)

    def make(self, task_id: str) -> None:
        os.close(os.open(self._path_of(task_id), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def has(self, task_id: str) -> bool:
        return os.path.exists(self._path_of(task_id))

    def remove(self, task_id: str) -> None:
        try:
            os.unlink(self._path_of(task_id))
        except OSError:
            pass  # None was made, or the disk has a fault: a mark too many only keeps an agent from a second run.

    def clean(self, connection: sqlite3.Connection) -> None:
        """Removes those of which the database has come to know more."""
        for name in os.listdir(self._folder):
            is_open = connection.execute(
                "SELECT 1 FROM tasks WHERE id = ? AND state = 'claimed' AND delivered = 0", (name,)
            ).fetchone()
            if is_open is None:
                self.remove(name)

    def _path_of(self, task_id: str) -> str:
        return os.path.join(self._folder, task_id)
