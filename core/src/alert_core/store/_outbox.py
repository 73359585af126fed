"""The dispatcher's side of the store: what is to be delivered, and how it went."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert

from alert_core.model import DeliveryState
from alert_core.store import tables
from alert_core.store._commits import Commits, now_micros
from alert_core.store._database import driver_cursor
from alert_core.store._rows import from_row
from alert_core.store._times import from_micros, to_micros
from alert_core.store.values import AttemptRecord, Commit, Due, SkipRecord

__all__ = ["Outbox"]

_table = tables.deliveries
# Written out, not as a parameter: SQLite uses the partial index only for a condition that it can read.
_pending = text("deliveries.state = 'pending'")
_CHUNK = 500  # SQLite limits the number of parameters of a statement


class Outbox(Commits):
    """Deliveries that wait, and what comes of them."""

    def due(self, action: str, now: datetime, limit: int, excluding: Collection[str] = ()) -> list[Due]:
        """Deliveries of an action whose time has come, longest due first.

        Args:
            action: Name of the action.
            now: The present.
            limit: At most so many.
            excluding: Ids of deliveries that the caller has already.
        """
        query = (
            select(tables.notifications, _table.c.id.label("delivery"), _table.c.attempts, _table.c.created, _table.c.progress)
            .join(tables.notifications, tables.notifications.c.id == _table.c.notification_id)
            .where(_pending, _table.c.action == action, _table.c.next_attempt <= to_micros(now))
            .order_by(_table.c.next_attempt, text("deliveries.rowid"))
            # Left out here, not in SQL: the statement stays the same, however many there are.
            .limit(limit + len(excluding))
        )
        with self._database.read() as connection:
            rows = [row for row in connection.execute(query).mappings() if row["delivery"] not in excluding]
        return [
            Due(row["delivery"], from_row(row), row["attempts"], from_micros(row["created"]), row["progress"] or "")
            for row in rows[:limit]
        ]

    def next_due(self, action: str, *, after: datetime | None = None) -> datetime | None:
        """When the next delivery of an action is to be attempted; `None` when none waits.

        Args:
            action: Name of the action.
            after: Leave out those that are due at this time.
        """
        query = select(func.min(_table.c.next_attempt)).where(_pending, _table.c.action == action)
        if after is not None:
            query = query.where(_table.c.next_attempt > to_micros(after))
        with self._database.read() as connection:
            earliest: int | None = connection.scalar(query)
        return from_micros(earliest)

    def pending(self) -> dict[str, int]:
        """How many deliveries wait, by action."""
        query = select(_table.c.action, func.count()).where(_pending).group_by(_table.c.action)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def record(self, outcomes: Sequence[AttemptRecord | SkipRecord], commit: Commit | None = None) -> None:
        """Write how deliveries went, in one transaction.

        Args:
            outcomes: Attempts that ended, and deliveries that are not made.
            commit: Notifications about them and their deliveries, to be written in the same transaction.
        """
        now = now_micros()
        ended = [outcome for outcome in outcomes if isinstance(outcome, AttemptRecord)]
        skipped = [outcome for outcome in outcomes if isinstance(outcome, SkipRecord)]
        with self._database.write() as connection:
            if ended:
                connection.execute(insert(tables.attempts), [_attempt_values(record) for record in ended])
                connection.execute(_after_attempt(), [_delivery_values(record, now) for record in ended])
            for record in skipped:
                self._skip(connection, _table.c.id == record.delivery, record.reason, now)
            if commit is not None:
                cursor = driver_cursor(connection)
                self.add_decisions(cursor, commit.notifications, commit.deliveries, now)

    def skip_unconfigured(self, configured: Iterable[str], reason: str) -> int:
        """Give up what waits for actions that are not configured (any more); returns how many deliveries that were."""
        with self._database.write() as connection:
            waiting = set(connection.scalars(select(_table.c.action).where(_pending).distinct()))
            gone = waiting.difference(configured)
            return sum(
                self._skip(connection, and_(_pending, _table.c.action == action), reason, now_micros()) for action in gone
            )

    @staticmethod
    def _skip(connection: Connection, which: ColumnElement[bool], reason: str, now: int) -> int:
        values = {"state": DeliveryState.SKIPPED.value, "reason": reason, "next_attempt": None, "updated": now}
        return connection.execute(update(_table).where(which).values(values)).rowcount

    def redrive(
        self, deliveries: Collection[str] | None = None, *, action: str | None = None, notifications: Collection[str] = ()
    ) -> int:
        """Put failed deliveries back into the outbox; returns how many.

        Args:
            deliveries: Only these, by id.
            action: Only those of this action.
            notifications: Only those of these notifications, by id.
        """
        now = now_micros()
        which = [_table.c.state == DeliveryState.FAILED.value]
        if action is not None:
            which.append(_table.c.action == action)
        again = {"state": DeliveryState.PENDING.value, "reason": "", "next_attempt": now, "created": now, "updated": now}
        statement = update(_table).where(*which).values(again)
        with self._database.write() as connection:
            if deliveries is not None:
                return _in_chunks(connection, statement, _table.c.id, deliveries)
            if notifications:
                return _in_chunks(connection, statement, _table.c.notification_id, notifications)
            return connection.execute(statement).rowcount

    def report_fault(self, plugin: str, action: str, kind: str, text: str) -> None:
        """Count a fault of a plugin; the newest text is kept."""
        now = now_micros()
        key = {"plugin": plugin, "action": action, "kind": kind}
        new = upsert(tables.faults).values(**key, text=text, count=1, first=now, last=now)
        counted = {"text": text, "count": tables.faults.c.count + 1, "last": now}
        with self._database.write() as connection:
            connection.execute(new.on_conflict_do_update(index_elements=list(key), set_=counted))


def _in_chunks(connection: Connection, statement: Any, column: Any, values: Collection[str]) -> int:
    wanted = list(values)
    return sum(
        connection.execute(statement.where(column.in_(wanted[start : start + _CHUNK]))).rowcount
        for start in range(0, len(wanted), _CHUNK)
    )


def _attempt_values(record: AttemptRecord) -> dict[str, Any]:
    return {
        "delivery_id": record.delivery,
        "number": record.number,
        "started": to_micros(record.started),
        "seconds": record.seconds,
        "outcome": record.outcome,
        "error": record.error,
    }


def _after_attempt() -> Any:
    names = ("state", "reason", "attempts", "next_attempt", "updated", "strength", "remote_id", "detail", "progress")
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return update(_table).where(_table.c.id == bindparam("delivery")).values(values)


def _delivery_values(record: AttemptRecord, now: int) -> dict[str, Any]:
    receipt = record.receipt
    return {
        "delivery": record.delivery,
        "new_state": record.state.value,
        "new_reason": record.error,
        "new_attempts": record.number,
        "new_next_attempt": to_micros(record.next_attempt),
        "new_updated": now,
        "new_strength": receipt and receipt.strength.value,
        "new_remote_id": receipt and receipt.remote_id,
        "new_detail": receipt and receipt.detail,
        "new_progress": record.progress or None,
    }
