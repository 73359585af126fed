"""What goes into the store and comes out of it; plain frozen values."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alert_core.components import Cursor
from alert_core.model import DeliveryState, Notification, Receipt

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
    "delivery_id",
]


DELIVERY_FAILED = "alert-delivery-failed"
"""The condition of the notifications by which the dispatcher announces that a delivery failed; no engine decides them."""


def delivery_id(notification: str, action: str) -> str:
    """The id of a delivery; the same as the idempotency key that its action sends."""
    return hashlib.sha256(f"{notification}/{action}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class BatchRecord:
    """That a batch was decided, or that time was advanced, in which order, and where it came from.

    Attributes:
        number: Its place in the order of everything the engine was given; grows by one.
        source: Name of the source; empty for an advance.
        start: Where the batch begins.
        end: Where to read on; becomes the cursor of the source.
        received: When it was received, or the time advanced to.
        kind: `batch` or `advance`.
        ended: Whether the part of the source that `end` names is over, so that its cursor is forgotten.
    """

    number: int
    source: str
    start: Cursor | None
    end: Cursor | None
    received: datetime
    kind: str = "batch"
    ended: bool = False


@dataclass(frozen=True)
class NewDelivery:
    """A row for the outbox; one that is not pending says why it is never attempted."""

    notification: str
    action: str
    state: DeliveryState = DeliveryState.PENDING
    reason: str = ""

    @property
    def id(self) -> str:
        """The id of the row, derived from notification and action."""
        return delivery_id(self.notification, self.action)


@dataclass(frozen=True)
class Commit:
    """What is written in one transaction: all of it, or nothing."""

    batches: Sequence[BatchRecord] = ()
    notifications: Sequence[Notification] = ()
    deliveries: Sequence[NewDelivery] = ()


@dataclass(frozen=True)
class Recovery:
    """What a runner needs to go on: the engine's last saved state and the batches that it does not contain, in order.

    Attributes:
        snapshot: The saved state; `None` when there is none.
        number: The last batch that the snapshot contains; 0 without a snapshot.
        batches: What came after it.
    """

    snapshot: bytes | None
    number: int
    batches: list[BatchRecord]


@dataclass(frozen=True)
class Due:
    """A delivery whose time has come.

    Attributes:
        id: The delivery.
        notification: What to deliver.
        attempts: How many attempts were made.
        created: When it entered the outbox, for the first time or again; giving up counts from here.
        progress: What the last attempt said of the part that it delivered; empty: nothing.
    """

    id: str
    notification: Notification
    attempts: int
    created: datetime
    progress: str = ""


@dataclass(frozen=True)
class AttemptRecord:
    """How an attempt ended and what follows from it.

    Attributes:
        delivery: Id of the delivery.
        number: Which attempt it was, from 1.
        started: When it began.
        seconds: How long it took.
        outcome: `delivered`, `failed`, `timed-out` or `raised`.
        error: What went wrong; empty when nothing did.
        state: Where the delivery stands now.
        next_attempt: When to try again, if it is pending.
        receipt: The proof, if it is delivered.
        progress: What the action wants to be told at the next attempt.
    """

    delivery: str
    number: int
    started: datetime
    seconds: float
    outcome: str
    error: str
    state: DeliveryState
    next_attempt: datetime | None = None
    receipt: Receipt | None = None
    progress: str = ""


@dataclass(frozen=True)
class SkipRecord:
    """That a delivery is deliberately not made, and why."""

    delivery: str
    reason: str


@dataclass(frozen=True)
class Attempt:
    """One attempt as the log shows it."""

    delivery: str
    action: str
    number: int
    started: datetime
    seconds: float
    outcome: str
    error: str


@dataclass(frozen=True)
class DeliverySummary:
    """Where a delivery stands, as the log shows it."""

    id: str
    action: str
    state: DeliveryState
    reason: str
    attempts: int
    next_attempt: datetime | None
    updated: datetime
    receipt: Receipt | None


@dataclass(frozen=True)
class LogEntry:
    """A notification with what happened to it since."""

    notification: Notification
    recorded: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledge_note: str | None = None
    deliveries: tuple[DeliverySummary, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class LogFilter:
    """Which entries of the log; what is not given does not restrict.

    Attributes:
        since: Not before this time (by event time).
        until: Before this time.
        acknowledged: Only acknowledged ones, or only open ones.
        type: Condition type.
        creator: Who set the condition up.
        condition: Name of the condition; `*`, `?` and `[...]` match as in file names, upper and lower case alike.
        computer: The computer, likewise.
        severity: One severity.
        failed: Only those with a failed delivery.
        decisions: Only what the engine decided, without the dispatcher's own announcements.
        limit: At most so many.
        newest_first: Order by time, descending.
    """

    since: datetime | None = None
    until: datetime | None = None
    acknowledged: bool | None = None
    type: str | None = None
    creator: str | None = None
    condition: str | None = None
    computer: str | None = None
    severity: str | None = None
    failed: bool = False
    decisions: bool = False
    limit: int | None = None
    newest_first: bool = False


@dataclass(frozen=True)
class Fault:
    """Something that a plugin does wrong, counted."""

    plugin: str
    action: str
    kind: str
    text: str
    count: int
    first: datetime
    last: datetime
