"""The engine's side of the store: batches, cursors, snapshots, and what was decided."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, delete, func, insert, select

from alert_core.components import Cursor
from alert_core.model import DeliveryState, Notification
from alert_core.store import tables
from alert_core.store._log import Log
from alert_core.store._pool import PooledDatabase
from alert_core.store._rows import NOTIFICATION_COLUMNS, to_row
from alert_core.store._times import from_micros, to_micros
from alert_core.store.values import BatchRecord, Commit, NewDelivery, Recovery

__all__ = ["Commits", "now_micros"]

_encode_cursor = msgspec.json.Encoder(order="deterministic").encode
_decode_cursor = msgspec.json.Decoder(Cursor).decode
_BATCH_COLUMNS = ("number", "source", "start", "end", "received", "kind")
_DELIVERY_COLUMNS = (
    "id", "notification_id", "action", "state", "reason", "attempts", "next_attempt", "created", "updated",
)  # fmt: skip


def now_micros() -> int:
    """The present, as it is stored."""
    return time.time_ns() // 1000


class Commits(Log):
    """Writes what the engine decided and finds the way back after a crash."""

    _database: PooledDatabase

    def write(self, commit: Commit) -> int:
        """Write batches, cursors, notifications and deliveries in one transaction.

        A notification or delivery that is there already is left as it is: deciding the same twice changes nothing.

        Returns:
            How many of the notifications are new.
        """
        now = now_micros()
        ends = {(batch.source, batch.end.part): batch for batch in commit.batches if batch.end is not None}
        with self._database.write_rows() as cursor:
            _run(cursor, _INSERT_BATCH, [_batch_row(batch) for batch in commit.batches])
            _run(cursor, _SET_CURSOR, [(*part, _cursor_text(last.end)) for part, last in ends.items()])
            _run(cursor, _FORGET_CURSOR, [part for part, last in ends.items() if last.ended])
            return self.add_decisions(cursor, commit.notifications, commit.deliveries, now)

    def add_decisions(
        self, cursor: sqlite3.Cursor, notifications: Iterable[Notification], deliveries: Iterable[NewDelivery], now: int
    ) -> int:
        """Add notifications and deliveries inside a transaction; returns how many notifications are new."""
        new = _run(cursor, _INSERT_NOTIFICATION, [to_row(notification, now) for notification in notifications])
        _run(cursor, _INSERT_DELIVERY, [_delivery_row(delivery, now) for delivery in deliveries])
        return new

    def save_snapshot(self, number: int, data: bytes) -> None:
        """Save the engine's state as it is after batch `number`, and forget what no recovery needs any more.

        The two newest snapshots are kept, and every batch since the older of them.
        """
        table = tables.snapshots
        with self._database.write() as connection:
            connection.execute(insert(table).prefix_with("OR REPLACE").values(number=number, taken=now_micros(), data=data))
            newest = connection.scalars(select(table.c.number).order_by(table.c.number.desc()).limit(2)).all()
            if len(newest) == 2:
                connection.execute(delete(table).where(table.c.number < newest[1]))
                connection.execute(delete(tables.batches).where(tables.batches.c.number <= newest[1]))

    def recover(self, *, before: int | None = None) -> Recovery:
        """The last snapshot and the batches after it.

        Args:
            before: Use a snapshot older than this number, because the engine could not read that one.
        """
        snapshots, batches = tables.snapshots, tables.batches
        with self._database.read() as connection:
            query = select(snapshots.c.number, snapshots.c.data).order_by(snapshots.c.number.desc()).limit(1)
            row = connection.execute(query if before is None else query.where(snapshots.c.number < before)).first()
            number, data = (row.number, row.data) if row else (0, None)
            after = select(batches).where(batches.c.number > number).order_by(batches.c.number)
            return Recovery(data, number, [_to_batch(batch) for batch in connection.execute(after)])

    def cursor(self, source: str) -> Cursor | None:
        """Where a source of one part reads on; `None` when it never ran."""
        return self.cursors(source).get("")

    def cursors(self, source: str) -> dict[str, Cursor]:
        """Where each part of a source reads on."""
        table = tables.cursors
        with self._database.read() as connection:
            stored = connection.scalars(select(table.c.cursor).where(table.c.source == source)).all()
        return {cursor.part: cursor for cursor in map(_decode_cursor, stored)}

    def last_number(self) -> int:
        """The number of the last batch ever written; 0 when there is none."""
        with self._database.read() as connection:
            numbers = [connection.scalar(select(func.max(table.c.number))) for table in (tables.batches, tables.snapshots)]
        return max(number or 0 for number in numbers)

    def remember_revisions(self, revisions: Sequence[tuple[str, str, str]]) -> None:
        """Keep the settings behind every (condition, revision, settings as JSON); known revisions stay as they are."""
        now = now_micros()
        rows = [
            {"condition": condition, "revision": revision, "settings": settings, "first_used": now}
            for condition, revision, settings in revisions
        ]
        if rows:
            with self._database.write() as connection:
                connection.execute(insert(tables.revisions).prefix_with("OR IGNORE"), rows)


def _insert(table: Table, columns: Sequence[str], conflict: str = "") -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {conflict}"  # noqa: S608 - only names from our own tables


def _run(cursor: sqlite3.Cursor, statement: str, rows: list[tuple[Any, ...]]) -> int:
    return cursor.executemany(statement, rows).rowcount if rows else 0


# Not `OR IGNORE`, which would also swallow a missing value.
_INSERT_BATCH = _insert(tables.batches, _BATCH_COLUMNS)
_INSERT_NOTIFICATION = _insert(tables.notifications, NOTIFICATION_COLUMNS, "ON CONFLICT (id) DO NOTHING")
_INSERT_DELIVERY = _insert(tables.deliveries, _DELIVERY_COLUMNS, "ON CONFLICT (id) DO NOTHING")
_SET_CURSOR = _insert(
    tables.cursors, ("source", "part", "cursor"), "ON CONFLICT (source, part) DO UPDATE SET cursor = excluded.cursor"
)
_FORGET_CURSOR = "DELETE FROM cursors WHERE source = ? AND part = ?"


def _batch_row(batch: BatchRecord) -> tuple[Any, ...]:
    start, end = _cursor_text(batch.start), _cursor_text(batch.end)
    return (batch.number, batch.source, start, end, to_micros(batch.received), batch.kind)


def _cursor_text(cursor: Cursor | None) -> str | None:
    return None if cursor is None else _encode_cursor(cursor).decode()


def _to_batch(row: Any) -> BatchRecord:
    start, end = (None if text is None else _decode_cursor(text) for text in (row.start, row.end))
    return BatchRecord(row.number, row.source, start, end, from_micros(row.received), row.kind)


def _delivery_row(delivery: NewDelivery, now: int) -> tuple[Any, ...]:
    due = now if delivery.state is DeliveryState.PENDING else None
    return (
        delivery.id, delivery.notification, delivery.action, delivery.state.value, delivery.reason, 0, due, now, now,
    )  # fmt: skip
