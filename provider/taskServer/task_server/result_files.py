"""Where the bodies of results are: small ones in the database, others in files of their own."""

from __future__ import annotations

import os
import secrets
import sqlite3

from .state_folder import sync_folder

# Up to this size a body stands in the database: its sync is shared with the commit. Also what a connection holds in
# memory at most before the body goes to a file.
INLINE_BYTES = 16 * 1024


class ResultFiles:
    """`incoming/` holds what is being received, `results/` what is stored."""

    def __init__(self, folder: str) -> None:
        self.results = os.path.join(folder, "results")
        self.incoming = os.path.join(folder, "incoming")
        for path in (self.results, self.incoming):
            os.makedirs(path, mode=0o700, exist_ok=True)

    def path_of(self, task_id: str) -> str:
        return os.path.join(self.results, task_id)

    def new_incoming(self) -> str:
        return os.path.join(self.incoming, secrets.token_hex(12))

    def keep(self, incoming: str, task_id: str) -> None:
        """Puts a body that is complete and synced in its place."""
        try:
            os.rename(incoming, self.path_of(task_id))
        except FileNotFoundError:
            # Put there before, by a commit that was rolled back and is tried again.
            if not os.path.exists(self.path_of(task_id)):
                raise
        sync_folder(self.results)

    def remove(self, task_id: str) -> None:
        try:
            os.unlink(self.path_of(task_id))
        except FileNotFoundError:
            pass

    def clean(self, connection: sqlite3.Connection) -> None:
        """Removes what a crash left: bodies that were never complete, and bodies of tasks that are not known."""
        for name in os.listdir(self.incoming):
            os.unlink(os.path.join(self.incoming, name))
        for name in os.listdir(self.results):
            known = connection.execute(
                "SELECT 1 FROM tasks WHERE id = ? AND result_bytes IS NOT NULL", (name,)
            ).fetchone()
            if known is None:
                os.unlink(os.path.join(self.results, name))
