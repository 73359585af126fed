"""The SQLite file: how it is opened and locked, read and written through Python's own driver.

Locking. SQLite in WAL mode lets any number of connections read while one writes, across threads and processes. Writers of one
process queue behind a mutex; writers of other processes (`alert ack` during `alert run`) wait for each other up to
`BUSY_SECONDS`. A writing transaction starts with `BEGIN IMMEDIATE`: it owns the file's write lock from its first statement and
can never fail half-way because someone else wrote.

`synchronous=FULL`: when a write returns, the transaction is on disk; when the process or the machine dies before, nothing of it
is.

Nothing here needs SQLAlchemy, which takes longer to import than all of a command that looks at the log; what runs uses
`alert_core.store._pool`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from alert_core.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Database", "driver_cursor"]

BUSY_SECONDS = 20


class Database:
    """One open database file, with one connection for whoever looks at it.

    Args:
        path: The file; it is made, readable for its owner only, when it does not exist.
    """

    _errors: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        _make(path)

    def connect(self) -> sqlite3.Connection:
        """Open the file once more."""
        # No isolation level: the driver must not begin or commit anything by itself.
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=2000"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def read_rows(self) -> Iterator[sqlite3.Cursor]:
        """A cursor that sees one state of the database; its rows know their columns."""
        with self._transaction("BEGIN") as cursor:
            cursor.row_factory = sqlite3.Row
            yield cursor

    @contextmanager
    def write_rows(self) -> Iterator[sqlite3.Cursor]:
        """A cursor in a transaction: committed when the block ends, undone when it raises."""
        with self._transaction("BEGIN IMMEDIATE") as cursor:
            yield cursor

    def close(self) -> None:
        """Close the file; the last connection merges the write-ahead log into it."""
        with self._mutex, self._translated():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _cursor(self) -> sqlite3.Cursor:
        if self._connection is None:
            self._connection = self.connect()
        return self._connection.cursor()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Cursor]:
        with self._mutex, self._translated():
            cursor = self._cursor()
            cursor.execute(begin)
            try:
                yield cursor
                cursor.execute("COMMIT")
            finally:
                if cursor.connection.in_transaction:
                    cursor.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise StoreError(f"{self.path}: {_explain(error)}") from error


def driver_cursor(connection: Connection) -> sqlite3.Cursor:
    """A cursor of the driver on the same connection, inside whatever transaction is open there."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver.cursor()


def _make(path: Path) -> None:
    # SQLite gives its own -wal and -shm files the mode of the database.
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreError(f"{path}: {reason}; choose another folder in [store] or correct its permissions") from error


def _explain(error: Exception) -> str:
    cause = error.__cause__ or error
    problem = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    remedies = {
        "locked": "another program is writing to it for long; end that one",
        "full": "make room on the disk",
        "readonly": "give the user who runs alert permission to write",
        "not a database": "it is damaged; restore it from a backup, or move it away to start anew",
        "malformed": "it is damaged; restore it from a backup, or move it away to start anew",
    }
    return next((f"{problem}; {remedy}" for sign, remedy in remedies.items() if sign in problem), problem)
