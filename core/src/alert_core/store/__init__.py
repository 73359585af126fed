"""The store: what must survive a restart, in one SQLite file."""

from __future__ import annotations

from alert_core.store._rows import decision_line, safe_json
from alert_core.store._store import Store
from alert_core.store.values import (
    DELIVERY_FAILED,
    Attempt,
    AttemptRecord,
    BatchRecord,
    Commit,
    DeliverySummary,
    Due,
    Fault,
    LogEntry,
    LogFilter,
    NewDelivery,
    Recovery,
    SkipRecord,
    delivery_id,
)

__all__ = [
    "DELIVERY_FAILED",
    "Attempt",
    "AttemptRecord",
    "BatchRecord",
    "Commit",
    "DeliverySummary",
    "Due",
    "Fault",
    "LogEntry",
    "LogFilter",
    "NewDelivery",
    "Recovery",
    "SkipRecord",
    "Store",
    "decision_line",
    "delivery_id",
    "safe_json",
]
