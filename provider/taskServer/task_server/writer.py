"""Runs everything that touches the database in one thread, many operations to one commit.

An operation is a function of a `Transaction`. Its answer is handed out when the commit that holds it is on the disk,
so whoever is told that something is stored may rely on it. Operations that arrive while a commit is under way share
the next one: with many guests the cost of a sync is spread over all of them.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from . import fault
from .http_error import HttpError
from .refusal import Refusal

# Bounds how long an answer can wait for the operations before it.
MAX_BATCH = 256

T = TypeVar("T")


class Transaction:
    """What an operation works with. It changes nothing before it has refused all that it refuses."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        # Tasks whose state others may be waiting for.
        self.changed: list[str] = []
        # Tasks that guests may take from now on.
        self.newly_queued = 0
        self._after: list[Callable[[], None]] = []

    def after_commit(self, action: Callable[[], None]) -> None:
        """For what cannot be rolled back, such as removing a file."""
        self._after.append(action)

    def run_after_commit(self) -> None:
        for action in self._after:
            try:
                action()
            except OSError:
                pass  # A file that stays is removed by the next start.

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.connection.execute(sql, values).fetchone()
        return found

    def run(self, sql: str, *values: object) -> int:
        return self.connection.execute(sql, values).rowcount


class _Job:
    __slots__ = ("future", "operation")

    def __init__(self, operation: Callable[[Transaction], Any], future: asyncio.Future[Any]) -> None:
        self.operation = operation
        self.future = future


class Writer:
    """The thread, and the way to it from the event loop."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        loop: asyncio.AbstractEventLoop,
        on_committed: Callable[[list[str], int], None],
        is_in_place: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._is_in_place = is_in_place
        self._loop = loop
        self._on_committed = on_committed
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def run(self, operation: Callable[[Transaction], T]) -> asyncio.Future[T]:
        """Queues an operation. Its future fails with the operation's `Refusal` or `HttpError`, or a storage one."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(operation, future))
        return future

    def close(self) -> None:
        """Ends the thread after what was queued before."""
        self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        while True:
            first = self._jobs.get()
            if first is None:
                return
            batch = [first]
            is_last = False
            while len(batch) < MAX_BATCH:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    is_last = True
                    break
                batch.append(job)
            self._commit_all(batch)
            if is_last:
                return

    def _commit_all(self, batch: list[_Job]) -> None:
        try:
            self._commit(batch)
        except Exception as error:
            if len(batch) == 1:
                self._settle([(batch[0], storage_refusal(error))], Transaction(self._connection))
                return
            # One of them spoiled the commit of all: each gets one of its own.
            for job in batch:
                self._commit_all([job])

    def _commit(self, batch: list[_Job]) -> None:
        transaction = Transaction(self._connection)
        outcomes: list[tuple[_Job, Any]] = []
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for job in batch:
                try:
                    outcomes.append((job, job.operation(transaction)))
                except (Refusal, HttpError) as refusal:
                    outcomes.append((job, refusal))
            if not self._is_in_place():
                # SQLite would go on writing to a file that nobody will find again.
                raise Refusal("storage", "the task server's state folder was removed")
            fault.point("before-commit")
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        fault.point("after-commit")
        transaction.run_after_commit()
        self._settle(outcomes, transaction)

    def _settle(self, outcomes: list[tuple[_Job, Any]], transaction: Transaction) -> None:
        def settle() -> None:
            for job, outcome in outcomes:
                if job.future.cancelled():
                    continue
                if isinstance(outcome, Exception):
                    job.future.set_exception(outcome)
                else:
                    job.future.set_result(outcome)
            self._on_committed(transaction.changed, transaction.newly_queued)

        try:
            self._loop.call_soon_threadsafe(settle)
        except RuntimeError:
            pass  # The event loop has ended: nobody waits any more.


def storage_refusal(error: Exception) -> Refusal:
    """Words what the database or the file system refused."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
    elif isinstance(error, sqlite3.Error):
        reason = str(error)
    else:
        reason = type(error).__name__
    return Refusal("storage", f"the task server could not store it: {reason}", "Look at the disk of its state folder.")
