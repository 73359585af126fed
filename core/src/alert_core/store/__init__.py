"""The store: what must survive a restart, in one SQLite file.

`Store` is all of it. `Log` is what a person looks at; it does without SQLAlchemy, which takes long to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alert_core._lazy import fetching

if TYPE_CHECKING:
    from alert_core.store._log import Log
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
    "Log",
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

if not TYPE_CHECKING:
    __getattr__ = fetching(__name__, __all__, ("values", "_rows", "_log", "_store"))
