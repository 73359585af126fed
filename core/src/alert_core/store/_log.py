"""The reader's side of the store: the notifications log.

Its queries are written out in SQL, so that a command that looks at the log need not wait for SQLAlchemy to be imported. Values
enter as parameters only.
"""
# ruff: noqa: S608 - only our own words are put together

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from alert_core.errors import StoreError
from alert_core.model import DeliveryState, Receipt, Strength
from alert_core.store._database import Database
from alert_core.store._rows import Row, from_row
from alert_core.store._times import from_micros, to_micros
from alert_core.store._version import newest_version, stored_version
from alert_core.store.values import DELIVERY_FAILED, Attempt, DeliverySummary, Fault, LogEntry, LogFilter

__all__ = ["Log"]

_PAGE = 200
_HAS_DELIVERY = "EXISTS (SELECT 1 FROM deliveries WHERE notification_id = notifications.id AND state = ?)"


class Log:
    """What was decided, delivered and acknowledged. Every method can raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the log in a folder; make it or bring it up to date if need be.

        Raises:
            StoreError: It cannot be opened; the text says what to do about it.
        """
        log = cls(Database(folder / "alert.db"))
        try:
            with log._database.read_rows() as cursor:
                version = stored_version(cursor)
        except BaseException:
            log.close()
            raise
        if version != newest_version():
            log.close()
            from alert_core.store._schema import prepare

            prepare(folder)
        return log

    def close(self) -> None:
        """Give everything back."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def entries(self, wanted: LogFilter | None = None) -> Iterator[LogEntry]:
        """The entries that a filter lets through, ordered by time and id.

        They are read page by page, each in a transaction of its own: a million of them need no memory, and a slow reader
        holds up nobody.
        """
        wanted = wanted or LogFilter()
        left, after = wanted.limit, None
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            page = self._page(wanted, size, after)
            yield from page
            if len(page) < size:
                return
            left = None if left is None else left - size
            last = page[-1].notification
            after = (to_micros(last.time), last.id)

    def _page(self, wanted: LogFilter, size: int, after: tuple[int, str] | None) -> list[LogEntry]:
        terms, values = _terms(wanted)
        if after is not None:
            terms.append(f"(time, id) {'<' if wanted.newest_first else '>'} (?, ?)")
            values += after
        order = "time DESC, id DESC" if wanted.newest_first else "time, id"
        with self._database.read_rows() as cursor:
            return _entries(cursor, f"{_all(terms)} ORDER BY {order} LIMIT ?", (*values, size))

    def entry(self, prefix: str) -> LogEntry:
        """The entry whose id starts with these characters.

        Raises:
            StoreError: None does, or more than one.
        """
        # Comparing is safe where a pattern would not be: the prefix may hold wildcards.
        with self._database.read_rows() as cursor:
            values = (len(prefix), prefix, prefix)
            found = _entries(cursor, "substr(id, 1, ?) = ? AND id >= ? ORDER BY id LIMIT 2", values)
        if len(found) == 1:
            return found[0]
        if not found or not prefix:
            raise StoreError(f"no notification has an id that starts with {prefix!r}; `alert log list` shows them")
        raise StoreError(f"more than one notification has an id that starts with {prefix!r}; give more characters of it")

    def attempts(self, notification: str) -> list[Attempt]:
        """Every attempt to deliver a notification, in the order in which they were made."""
        query = (
            "SELECT attempts.*, deliveries.action FROM attempts JOIN deliveries ON deliveries.id = attempts.delivery_id "
            "WHERE deliveries.notification_id = ? ORDER BY attempts.started, attempts.id"
        )
        with self._database.read_rows() as cursor:
            return [_attempt(row) for row in cursor.execute(query, (notification,))]

    def revision(self, condition: str, revision: str) -> str | None:
        """The settings, as JSON, with which a condition decided; `None` when the revision is unknown."""
        query = "SELECT settings FROM revisions WHERE condition = ? AND revision = ?"
        with self._database.read_rows() as cursor:
            row = cursor.execute(query, (condition, revision)).fetchone()
        return None if row is None else str(row["settings"])

    def faults(self) -> list[Fault]:
        """The faults of all plugins, the latest first."""
        with self._database.read_rows() as cursor:
            rows = cursor.execute("SELECT * FROM faults ORDER BY last DESC").fetchall()
        moments = ("first", "last")
        return [Fault(**{**dict(row), **{name: from_micros(row[name]) for name in moments}}) for row in rows]

    def acknowledge(self, which: Collection[str] | LogFilter, *, by: str, note: str = "", at: datetime | None = None) -> int:
        """Mark open notifications as seen.

        Who was first stays: acknowledging again changes nothing.

        Args:
            which: Ids, or a filter (its limit does not count).
            by: Who saw them.
            note: What that person has to say.
            at: When; now, unless given.

        Returns:
            How many were open.
        """
        moment = to_micros(at or datetime.now(UTC))
        if isinstance(which, LogFilter):
            terms, values = _terms(which)
            rows = [values]
        else:
            terms, rows = ["id = ?"], [[one] for one in set(which)]
        statement = (
            "UPDATE notifications SET acknowledged_at = ?, acknowledged_by = ?, acknowledge_note = ? "
            f"WHERE acknowledged_at IS NULL AND {_all(terms)}"
        )
        with self._database.write_rows() as cursor:
            return sum(cursor.execute(statement, (moment, by, note, *row)).rowcount for row in rows)

    def forget(self, before: datetime) -> int:
        """Remove what was recorded before that time, if it is acknowledged and no delivery of it waits.

        Returns:
            How many notifications that were.
        """
        old = f"SELECT id FROM notifications WHERE recorded < ? AND acknowledged_at IS NOT NULL AND NOT {_HAS_DELIVERY} LIMIT ?"
        removed = 0
        while True:
            # Page by page, so that nobody has to wait long for the lock.
            with self._database.write_rows() as cursor:
                ids = cursor.execute(old, (to_micros(before), DeliveryState.PENDING.value, _PAGE)).fetchall()
                of = "SELECT id FROM deliveries WHERE notification_id = ?"
                cursor.executemany(f"DELETE FROM attempts WHERE delivery_id IN ({of})", ids)
                cursor.executemany("DELETE FROM deliveries WHERE notification_id = ?", ids)
                cursor.executemany("DELETE FROM notifications WHERE id = ?", ids)
            removed += len(ids)
            if len(ids) < _PAGE:
                return removed


def _all(terms: Sequence[str]) -> str:
    return " AND ".join(terms) or "TRUE"


def _terms(wanted: LogFilter) -> tuple[list[str], list[Any]]:
    """What a filter demands, and the values in it."""
    terms: list[str] = []
    values: list[Any] = []

    def demand(term: str, *more: Any) -> None:
        terms.append(term)
        values.extend(more)

    if wanted.since is not None:
        demand("time >= ?", to_micros(wanted.since))
    if wanted.until is not None:
        demand("time < ?", to_micros(wanted.until))
    if wanted.acknowledged is not None:
        demand(f"acknowledged_at IS {'NOT ' if wanted.acknowledged else ''}NULL")
    for name in ("type", "creator", "severity"):
        if (value := getattr(wanted, name)) is not None:
            demand(f"{name} = ?", value)
    for name in ("condition", "computer"):
        if (value := getattr(wanted, name)) is not None:
            demand(f"lower({name}) GLOB lower(?)", value)
    if wanted.decisions:
        demand("condition <> ?", DELIVERY_FAILED)
    if wanted.failed:
        demand(_HAS_DELIVERY, DeliveryState.FAILED.value)
    return terms, values


def _entries(cursor: sqlite3.Cursor, where: str, values: Sequence[Any]) -> list[LogEntry]:
    rows = cursor.execute(f"SELECT * FROM notifications WHERE {where}", values).fetchall()
    deliveries = _summaries(cursor, [row["id"] for row in rows])
    return [_entry(row, deliveries.get(row["id"], ())) for row in rows]


def _entry(row: Row, deliveries: Sequence[DeliverySummary]) -> LogEntry:
    return LogEntry(
        from_row(row),
        from_micros(row["recorded"]),
        from_micros(row["acknowledged_at"]),
        row["acknowledged_by"],
        row["acknowledge_note"],
        tuple(deliveries),
    )


def _attempt(row: Row) -> Attempt:
    return Attempt(
        row["delivery_id"], row["action"], row["number"], from_micros(row["started"]),
        row["seconds"], row["outcome"], row["error"],
    )  # fmt: skip


def _summaries(cursor: sqlite3.Cursor, notifications: Sequence[str]) -> dict[str, list[DeliverySummary]]:
    marks = ", ".join("?" * len(notifications))
    query = f"SELECT * FROM deliveries WHERE notification_id IN ({marks}) ORDER BY action"
    found: dict[str, list[DeliverySummary]] = {}
    for row in cursor.execute(query, notifications):
        receipt = Receipt(Strength(row["strength"]), row["remote_id"], row["detail"]) if row["strength"] else None
        summary = DeliverySummary(
            row["id"], row["action"], DeliveryState(row["state"]), row["reason"], row["attempts"],
            from_micros(row["next_attempt"]), from_micros(row["updated"]), receipt,
        )  # fmt: skip
        found.setdefault(row["notification_id"], []).append(summary)
    return found
