"""The SQLite file: how it is opened, locked, read and written.

Locking. SQLite in WAL mode lets any number of connections read while one writes, across threads and processes.

* Readers (`Database.read`) take a connection from a pool and see the state of the last commit; they wait for nobody.
* Writers of this process (`Database.write`) share one connection behind a mutex, so that they queue in order instead of
  polling for SQLite's own lock, and so that its prepared statements stay warm. A transaction starts with `BEGIN IMMEDIATE`:
  it owns the file's write lock from its first statement and can never fail half-way because someone else wrote.
* Writers of other processes (`alert ack` during `alert run`) wait for each other up to `BUSY_SECONDS`.

`synchronous=FULL`: when `write` returns, the transaction is on disk; when the process or the machine dies before, nothing of
it is.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, QueuePool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from alert_core.errors import StoreError

__all__ = ["Database", "driver_cursor"]

BUSY_SECONDS = 20
_WRITES = "alert_writes"


class Database:
    """One open database file.

    Args:
        path: The file; it is made, readable for its owner only, when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.RLock()
        self._writer: Connection | None = None
        _make(path)
        self.engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,  # the default for `sqlite://` is one connection per thread, for databases in memory
        )
        event.listen(self.engine, "begin", _begin)

    def _connect(self) -> sqlite3.Connection:
        # No isolation level: the driver must not begin or commit anything by itself; `_begin` does.
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=2000"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database."""
        with self._translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends, undone when it raises."""
        with self._mutex, self._translated():
            writer = self._writing()
            with writer.begin():
                yield writer

    @contextmanager
    def write_rows(self) -> Iterator[sqlite3.Cursor]:
        """Like `write`, but with a cursor of the driver: for the one statement sequence that runs for every batch.

        SQLAlchemy's part of a transaction costs several times what SQLite needs for a few rows.
        """
        with self._mutex, self._translated():
            cursor = driver_cursor(self._writing())
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            finally:
                if cursor.connection.in_transaction:
                    cursor.execute("ROLLBACK")

    def _writing(self) -> Connection:
        if self._writer is None:
            self._writer = self.engine.connect().execution_options(**{_WRITES: True})
        return self._writer

    def close(self) -> None:
        """Close every connection; the last one merges the write-ahead log into the file."""
        with self._mutex, self._translated():
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
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


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


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
