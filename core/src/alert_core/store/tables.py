"""The tables of the store, in one place: the newest schema.

Times are integers, see `alert_core.store._times`. Whoever changes a table adds a migration in `migrations/versions` and its
name to `SCHEMAS`; a test proves that a new database equals one that took every migration.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

__all__ = [
    "SCHEMAS",
    "attempts",
    "batches",
    "cursors",
    "deliveries",
    "faults",
    "metadata",
    "notifications",
    "revisions",
    "snapshots",
]

SCHEMAS = ("0001", "0002", "0003")
"""The names of all schemas, oldest first; the last one is what this module describes."""

metadata = MetaData()

batches = Table(
    "batches",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("start", Text),
    Column("end", Text),
    Column("received", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("source", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("taken", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("condition", Text, primary_key=True),
    Column("revision", String(12), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("first_used", BigInteger, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("condition", Text, nullable=False),
    Column("revision", String(12), nullable=False),
    Column("type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("since", BigInteger),
    Column("suppressed", BigInteger, nullable=False),
    Column("computers", Text, nullable=False),
    Column("creator", Text, nullable=False),
    Column("test", Integer, nullable=False),
    Column("fault", Text, nullable=False),
    Column("computer", Text, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", Text),
    Column("acknowledge_note", Text),
)
Index("notifications_by_time", notifications.c.time, notifications.c.id)
Index(
    "notifications_open",
    notifications.c.time,
    notifications.c.id,
    sqlite_where=text("acknowledged_at IS NULL"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("notification_id", ForeignKey("notifications.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt", BigInteger),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("strength", String(16)),
    Column("remote_id", Text),
    Column("detail", Text),
    Column("progress", Text),
)
# Only what waits is in this index, so that it stays small however long the log grows.
Index("deliveries_due", deliveries.c.action, deliveries.c.next_attempt, sqlite_where=text("state = 'pending'"))
Index("deliveries_of_notification", deliveries.c.notification_id)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("error", Text, nullable=False),
)
Index("attempts_of_delivery", attempts.c.delivery_id)

faults = Table(
    "faults",
    metadata,
    Column("plugin", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("text", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
)
