"""The reader's side of the store: the notifications log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, delete, exists, func, select, tuple_, update

from alert_core.errors import StoreError
from alert_core.model import DeliveryState, Receipt, Strength
from alert_core.store import tables
from alert_core.store._outbox import Outbox
from alert_core.store._rows import from_row
from alert_core.store._times import from_micros, to_micros
from alert_core.store.values import DELIVERY_FAILED, Attempt, DeliverySummary, LogEntry, LogFilter

__all__ = ["Log"]

_table = tables.notifications
_PAGE = 200


class Log(Outbox):
    """What was decided, delivered and acknowledged."""

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
        place = tuple_(_table.c.time, _table.c.id)
        query = select(_table).where(*_conditions(wanted)).limit(size)
        if wanted.newest_first:
            query = query.order_by(_table.c.time.desc(), _table.c.id.desc())
        else:
            query = query.order_by(_table.c.time, _table.c.id)
        if after is not None:
            query = query.where(place < after if wanted.newest_first else place > after)
        with self._database.read() as connection:
            return _entries(connection, query)

    def entry(self, prefix: str) -> LogEntry:
        """The entry whose id starts with these characters.

        Raises:
            StoreError: None does, or more than one.
        """
        # Comparing is safe where a pattern would not be: the prefix may hold wildcards.
        query = select(_table).where(func.substr(_table.c.id, 1, len(prefix)) == prefix, _table.c.id >= prefix).limit(2)
        with self._database.read() as connection:
            found = _entries(connection, query.order_by(_table.c.id))
        if len(found) == 1:
            return found[0]
        if not found or not prefix:
            raise StoreError(f"no notification has an id that starts with {prefix!r}; `alert log list` shows them")
        raise StoreError(f"more than one notification has an id that starts with {prefix!r}; give more characters of it")

    def attempts(self, notification: str) -> list[Attempt]:
        """Every attempt to deliver a notification, in the order in which they were made."""
        made, of = tables.attempts, tables.deliveries
        query = (
            select(made, of.c.action)
            .join(of, of.c.id == made.c.delivery_id)
            .where(of.c.notification_id == notification)
            .order_by(made.c.started, made.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            Attempt(row.delivery_id, row.action, row.number, from_micros(row.started), row.seconds, row.outcome, row.error)
            for row in rows
        ]

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
        values = {"acknowledged_at": moment, "acknowledged_by": by, "acknowledge_note": note}
        statement = update(_table).where(_table.c.acknowledged_at.is_(None)).values(values)
        with self._database.write() as connection:
            if isinstance(which, LogFilter):
                return connection.execute(statement.where(*_conditions(which))).rowcount
            return sum(connection.execute(statement.where(_table.c.id == one)).rowcount for one in set(which))

    def forget(self, before: datetime) -> int:
        """Remove what was recorded before that time, if it is acknowledged and no delivery of it waits.

        Returns:
            How many notifications that were.
        """
        of, made = tables.deliveries, tables.attempts
        waits = exists().where(of.c.notification_id == _table.c.id, of.c.state == DeliveryState.PENDING.value)
        old = select(_table.c.id).where(_table.c.recorded < to_micros(before), _table.c.acknowledged_at.is_not(None), ~waits)
        removed = 0
        while True:
            # Page by page, so that nobody has to wait long for the lock.
            with self._database.write() as connection:
                ids = connection.scalars(old.limit(_PAGE)).all()
                deliveries = select(of.c.id).where(of.c.notification_id.in_(ids))
                connection.execute(delete(made).where(made.c.delivery_id.in_(deliveries)))
                connection.execute(delete(of).where(of.c.notification_id.in_(ids)))
                connection.execute(delete(_table).where(_table.c.id.in_(ids)))
            removed += len(ids)
            if len(ids) < _PAGE:
                return removed


def _conditions(wanted: LogFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(_table.c.time >= to_micros(wanted.since))
    if wanted.until is not None:
        found.append(_table.c.time < to_micros(wanted.until))
    if wanted.acknowledged is not None:
        column = _table.c.acknowledged_at
        found.append(column.is_not(None) if wanted.acknowledged else column.is_(None))
    for name in ("type", "creator", "severity"):
        if (value := getattr(wanted, name)) is not None:
            found.append(_table.c[name] == value)
    for name in ("condition", "computer"):
        if (value := getattr(wanted, name)) is not None:
            found.append(func.lower(_table.c[name]).op("GLOB", is_comparison=True)(func.lower(value)))
    if wanted.decisions:
        found.append(_table.c.condition != DELIVERY_FAILED)
    if wanted.failed:
        of = tables.deliveries
        found.append(exists().where(of.c.notification_id == _table.c.id, of.c.state == DeliveryState.FAILED.value))
    return found


def _entries(connection: Connection, query: Select[Any]) -> list[LogEntry]:
    rows = connection.execute(query).mappings().all()
    deliveries = _summaries(connection, [row["id"] for row in rows])
    return [_entry(row, deliveries.get(row["id"], ())) for row in rows]


def _entry(row: RowMapping, deliveries: Sequence[DeliverySummary]) -> LogEntry:
    return LogEntry(
        from_row(row),
        from_micros(row["recorded"]),
        from_micros(row["acknowledged_at"]),
        row["acknowledged_by"],
        row["acknowledge_note"],
        tuple(deliveries),
    )


def _summaries(connection: Connection, notifications: Sequence[str]) -> dict[str, list[DeliverySummary]]:
    table = tables.deliveries
    query = select(table).where(table.c.notification_id.in_(notifications)).order_by(table.c.action)
    found: dict[str, list[DeliverySummary]] = {}
    for row in connection.execute(query):
        receipt = Receipt(Strength(row.strength), row.remote_id, row.detail) if row.strength else None
        summary = DeliverySummary(
            row.id, row.action, DeliveryState(row.state), row.reason, row.attempts,
            from_micros(row.next_attempt), from_micros(row.updated), receipt,
        )  # fmt: skip
        found.setdefault(row.notification_id, []).append(summary)
    return found
