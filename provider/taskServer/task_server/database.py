"""The database file: opening, schema and its version, and what to do with a file that is not ours.

One process at a time has it open: whoever holds `worker.lock`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .refusal import Refusal

# "fcAg": tells our files from other SQLite databases (pragma application_id).
APPLICATION_ID = 0x66634167
SCHEMA_VERSION = 2

LOCK_SECONDS = 15.0
LOCK_POLL_SECONDS = 0.01

# Thousands of finished tasks are looked up one at a time; a small cache is enough, and memory is bounded.
CACHE_KIB = 1024

_SCHEMA = """
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    injected INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    position INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    fields TEXT NOT NULL,
    guest TEXT,
    delivered INTEGER NOT NULL DEFAULT 0,
    queued_at REAL NOT NULL,
    claimed_at REAL,
    claimed_monotonic TEXT,
    finished_at REAL,
    finished_uptime REAL,
    duration_ms INTEGER,
    exit_code INTEGER,
    result_bytes INTEGER,
    result_sha256 TEXT,
    received_sha256 TEXT,
    masked INTEGER NOT NULL DEFAULT 0,
    collected INTEGER NOT NULL DEFAULT 0,
    error_kind TEXT,
    agent_duration_ms INTEGER,
    has_env INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tasks_by_state ON tasks (state, position);
CREATE INDEX tasks_by_guest ON tasks (guest, state);
CREATE INDEX tasks_by_owner ON tasks (owner, state);
CREATE TABLE results (task_id TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE parts (
    task_id TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    masked INTEGER NOT NULL,
    body BLOB,
    PRIMARY KEY (task_id, name)
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# From each older version of the schema to the next one.
MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE tasks ADD COLUMN error_kind TEXT;
ALTER TABLE tasks ADD COLUMN agent_duration_ms INTEGER;
ALTER TABLE tasks ADD COLUMN has_env INTEGER NOT NULL DEFAULT 0;
CREATE TABLE parts (
    task_id TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    masked INTEGER NOT NULL,
    body BLOB,
    PRIMARY KEY (task_id, name)
);
""",
}


def lock_database(folder: str) -> int:
    """Waits (bounded) until no other process has the database, and holds it as long as the descriptor is open."""
    path = os.path.join(folder, "worker.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise Refusal("busy", "another process has the queue's database open") from None
            time.sleep(LOCK_POLL_SECONDS)


def open_database(folder: str) -> sqlite3.Connection:
    """Opens the database, makes or migrates its schema. Never changes a file that is not ours, damaged or newer."""
    path = os.path.join(folder, "queue.db")
    is_new = not os.path.exists(path)
    with _database_errors(path):
        connection = _connect(path)
        try:
            if not is_new:
                is_new = _inspect(connection, path)
            _prepare(connection, is_new)
        except BaseException:
            connection.close()
            raise
    return connection


class DamagedDatabase(Refusal):
    """Raised for a file that is no database of ours. It was left as it is."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__("database_damaged", f"the queue's database {path} cannot be used: {reason}")
        self.path = path
        self.reason = reason


def check_database(folder: str) -> None:
    """Before a server starts: moves a database that cannot be used out of the way, and says so.

    That is an error once, so that nobody takes the empty queue of the next start for the one that was there.
    """
    path = os.path.join(folder, "queue.db")
    if not os.path.exists(path):
        return
    lock = lock_database(folder)
    try:
        _inspect_only(path)
    except DamagedDatabase as damage:
        target = set_aside(damage.path)
        raise Refusal(
            damage.code,
            f"{damage.message}. It was moved to {target}",
            "Look at it there; the next `pulumi up` starts with an empty queue.",
        ) from damage
    finally:
        os.close(lock)


def require_known_schema(folder: str) -> None:
    """Refuses a database of a newer schema, also while the server that wrote it has it open."""
    path = os.path.join(folder, "queue.db")
    if not os.path.exists(path):
        return
    try:
        _inspect_only(path)
    except DamagedDatabase:
        pass  # Its server works with it all the same; check_database looks at it when that has ended.


def _inspect_only(path: str) -> None:
    with _database_errors(path):
        connection = _connect(path)
        try:
            _inspect(connection, path)
        finally:
            connection.close()


@contextmanager
def _database_errors(path: str) -> Iterator[None]:
    """Tells a file that cannot be used from a fault of the disk."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Refusal("storage", f"the database {path} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        raise DamagedDatabase(path, str(error)) from error


def set_aside(path: str) -> str:
    """Moves a database that cannot be used out of the way, with its journals, and returns its new name."""
    number = 0
    while True:
        target = f"{path}.set-aside-{int(time.time())}{f'-{number}' if number else ''}"
        if not os.path.exists(target):
            break
        number += 1
    os.rename(path, target)
    for suffix in ("-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.rename(path + suffix, target + suffix)
    return target


class DatabaseFile:
    """Tells whether the database that is open is still the one in the folder."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "queue.db")
        self._inode = os.stat(self._path).st_ino

    def is_in_place(self) -> bool:
        try:
            return os.stat(self._path).st_ino == self._inode
        except OSError:
            return False


def _connect(path: str) -> sqlite3.Connection:
    # Used by the main thread at the start and by the writer's thread afterwards, never by both at once.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    connection.row_factory = sqlite3.Row
    os.chmod(path, 0o600)
    return connection


def _inspect(connection: sqlite3.Connection, path: str) -> bool:
    """True for a file that has no schema yet: the server ended between making the file and its schema."""
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application == 0 and version == 0 and tables == 0:
        return True
    if application != APPLICATION_ID:
        raise DamagedDatabase(path, "it is a database of something else")
    if version > SCHEMA_VERSION:
        raise Refusal(
            "schema_newer",
            f"the queue's database {path} has schema {version}, this task server knows {SCHEMA_VERSION}",
            "Use the newer version of pulumi-fc-agents that wrote it.",
        )
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DamagedDatabase(path, str(verdict))
    return False


def _prepare(connection: sqlite3.Connection, is_new: bool) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # Each commit is on the disk before anybody is told of it.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA journal_size_limit = 4194304")
    if is_new:
        connection.executescript(
            f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
        )
        return
    for version in range(_pragma(connection, "user_version"), SCHEMA_VERSION):
        script = MIGRATIONS[version]
        connection.executescript(f"BEGIN IMMEDIATE;{script}PRAGMA user_version = {version + 1};COMMIT;")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
