"""The SQLite file through SQLAlchemy, for what runs: many readers side by side, and one writer.

Readers take a connection from a pool and see the state of the last commit; they wait for nobody. Writers share one connection,
so that they queue in order instead of polling for SQLite's own lock, and so that its prepared statements stay warm.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, QueuePool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from alert_core.store._database import Database, driver_cursor

__all__ = ["PooledDatabase"]

_WRITES = "alert_writes"


class PooledDatabase(Database):
    """One open database file, with as many connections as there are threads that read at one time."""

    _errors = (sqlite3.Error, SQLAlchemyError)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer: Connection | None = None
        self.engine = create_engine(
            "sqlite://",
            creator=self.connect,
            poolclass=QueuePool,  # the default for `sqlite://` is one connection per thread, for databases in memory
        )
        event.listen(self.engine, "begin", _begin)

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
    def read_rows(self) -> Iterator[sqlite3.Cursor]:
        """Like `read`, but with a cursor of the driver, whose rows know their columns."""
        with self.read() as connection:
            cursor = driver_cursor(connection)
            cursor.row_factory = sqlite3.Row
            yield cursor

    def close(self) -> None:
        """Close every connection; the last one merges the write-ahead log into the file."""
        with self._mutex, self._translated():
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self.engine.dispose()

    def _cursor(self) -> sqlite3.Cursor:
        # Every batch is written through it: SQLAlchemy's part costs several times what SQLite needs for a few rows.
        return driver_cursor(self._writing())

    def _writing(self) -> Connection:
        if self._writer is None:
            self._writer = self.engine.connect().execution_options(**{_WRITES: True})
        return self._writer


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
