"""What was taken before, kept on disk, so that it does not count again when it is repeated."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from alert_core import Cursor, SourceError

__all__ = ["Memory"]

_MOST = 1_000_000
_CLEAN_SECONDS = 60.0

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS known (identity BLOB PRIMARY KEY, until REAL, batch INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS known_until ON known (until);
CREATE TABLE IF NOT EXISTS last (batch INTEGER, origin TEXT, position INTEGER);
"""


class Memory:
    """Identities of what was pushed, each for its time.

    They are written before the push, together with the end of what is on disk by then. If there is nothing behind that end when
    it is opened again, the process died before the push had written anything, and those identities are forgotten. So something
    is remembered if, and only if, it is on disk.

    One thread uses it.

    Args:
        file: Where it is kept; the folder is made if need be.
        end: The end of what is on disk now.

    Raises:
        SourceError: The file cannot be used.
    """

    def __init__(self, file: Path, end: Cursor | None) -> None:
        self._file = file
        self._cleaned = 0.0
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(file, isolation_level=None)
            self._database.executescript(_SCHEMA)
            self._batch = self._take_up(end)
        except (OSError, sqlite3.Error) as error:
            raise self._failure(error) from error

    def knows(self, identity: str) -> bool:
        """Whether it was noted before, and not too long ago.

        Raises:
            SourceError: The file cannot be read.
        """
        try:
            found = self._database.execute("SELECT until FROM known WHERE identity = ?", (_digest(identity),)).fetchone()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return found is not None and found[0] > time.time()

    def note(self, identities: Iterable[tuple[str, float]], end: Cursor | None) -> None:
        """Keep the identities of what is pushed next, each with the seconds for which it is to be known.

        Args:
            identities: As said.
            end: The end of what is on disk.

        Raises:
            SourceError: They cannot be written.
        """
        now, self._batch = time.time(), self._batch + 1
        place = (end.origin, end.position) if end else (None, None)
        rows = [(_digest(identity), now + seconds, self._batch) for identity, seconds in identities]
        try:
            with self._database:  # commits at its end
                self._database.execute("BEGIN IMMEDIATE")
                self._clean(now)
                self._database.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", rows)
                self._database.execute("DELETE FROM last")
                self._database.execute("INSERT INTO last VALUES (?, ?, ?)", (self._batch, *place))
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def _take_up(self, end: Cursor | None) -> int:
        last = self._database.execute("SELECT batch, origin, position FROM last").fetchone()
        if last is None:
            return 0
        batch, origin, position = last
        # A piece that is empty was begun for the batch, or for none.
        if end is None or end.position == 0 or (end.origin, end.position) == (origin, position):
            self._database.execute("DELETE FROM known WHERE batch = ?", (batch,))
        return int(batch)

    def _clean(self, now: float) -> None:
        if now - self._cleaned < _CLEAN_SECONDS:
            return
        self._cleaned = now
        self._database.execute("DELETE FROM known WHERE until <= ?", (now,))
        (count,) = self._database.execute("SELECT count(*) FROM known").fetchone()
        if count > _MOST:
            oldest = "SELECT identity FROM known ORDER BY until LIMIT ?"
            self._database.execute(f"DELETE FROM known WHERE identity IN ({oldest})", (count - _MOST,))  # noqa: S608

    def _failure(self, error: Exception) -> SourceError:
        return SourceError(f"cannot use {str(self._file)!r}: {error}; check its disk and permissions")


def _digest(identity: str) -> bytes:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()[:16]
