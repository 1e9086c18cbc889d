"""Where the bodies of results are: small ones in the database, others in files of their own."""

from __future__ import annotations

import os
import secrets
import sqlite3

from .state_folder import sync_folder

# Up to this size a body stands in the database: its sync is shared with the commit. Also what a connection holds in
# memory at most before the body goes to a file.
INLINE_BYTES = 16 * 1024


# What a run may have beside its result, in files of their own.
PARTS = ("commit", "patch", "stderr", "transcript")


class ResultFiles:
    """`incoming/` holds what is being received, `results/` what is stored."""

    def __init__(self, folder: str) -> None:
        self.results = os.path.join(folder, "results")
        self.incoming = os.path.join(folder, "incoming")
        for path in (self.results, self.incoming):
            os.makedirs(path, mode=0o700, exist_ok=True)

    def path_of(self, task_id: str) -> str:
        return os.path.join(self.results, task_id)

    def path_of_part(self, task_id: str, part: str) -> str:
        """No id has a dot in it, so that no part is taken for a result."""
        return f"{self.path_of(task_id)}.{part}"

    def new_incoming(self) -> str:
        return os.path.join(self.incoming, secrets.token_hex(12))

    def keep(self, incoming: str, name: str) -> None:
        """Puts a body that is complete and synced in its place. The name is a task's id, or `ID.PART`."""
        try:
            os.rename(incoming, self.path_of(name))
        except FileNotFoundError:
            # Put there before, by a commit that was rolled back and is tried again.
            if not os.path.exists(self.path_of(name)):
                raise
        sync_folder(self.results)

    def remove(self, task_id: str) -> None:
        for path in (self.path_of(task_id), *(self.path_of_part(task_id, part) for part in PARTS)):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass

    def clean(self, connection: sqlite3.Connection) -> None:
        """Removes what a crash left: bodies that were never complete, and bodies of tasks that are not known."""
        for name in os.listdir(self.incoming):
            os.unlink(os.path.join(self.incoming, name))
        for name in os.listdir(self.results):
            task_id, _, part = name.partition(".")
            known = connection.execute(
                "SELECT 1 FROM tasks WHERE id = ? AND (? OR result_bytes IS NOT NULL)", (task_id, part in PARTS)
            ).fetchone()
            if known is None:
                os.unlink(os.path.join(self.results, name))
