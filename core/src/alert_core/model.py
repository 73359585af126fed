"""The values that travel from source to receipt: events, firings, notifications, deliveries.

All are immutable. They are msgspec structs, so that they encode to JSON and MessagePack without help.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

__all__ = [
    "EVENT_FIELDS",
    "EVICTED",
    "HEADER",
    "LOST",
    "OWN_TYPES",
    "UNKNOWN_TIME",
    "UNPARSED",
    "CheckResult",
    "Delivery",
    "DeliveryState",
    "Event",
    "Firing",
    "Message",
    "Notification",
    "Receipt",
    "Severity",
    "Strength",
    "severity_rank",
    "unparsed",
]

UNPARSED = "unparsed"
"""The type of an event made from a record that its format could not read; the record is in `raw`."""


EVICTED = "state-evicted"
"""The type of the event by which the engine reports that a condition had to give up what it remembered of some keys."""

LOST = "records-lost"
"""The type of the event by which a source reports how many records got lost before it could read them."""

HEADER = "header"
"""The type of an event made from a line that only says how other lines read."""

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of an event whose record does not say one, until the core gives it that of the record before it."""

OWN_TYPES = frozenset({UNPARSED, HEADER, EVICTED, LOST, "timer"})
"""Types that only concern conditions which name them; a condition for every type means every type that sources report."""


class Severity(StrEnum):
    """How bad it is, from least to worst. The names are those of both products that the seeds describe."""

    INFORMATION = "information"
    LOW = "low"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


_RANKS = {severity.value: rank for rank, severity in enumerate(Severity)}


def severity_rank(value: object) -> int:
    """Order of a severity name, 0 (information) to 4 (critical); -1 for what is no severity name."""
    return _RANKS.get(value.lower(), -1) if isinstance(value, str) else -1


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened, as a source reported it.

    Attributes:
        time: When it happened, with a time zone.
        type: What happened, such as `auth-failure`; `unparsed` when the record could not be read.
        id: The sender's identity for it, else source and position; the same whenever the record is read again.
        source: Name of the configured source.
        computer: The machine it happened to. Empty when unknown.
        count: How many occurrences the record stands for; sensors pre-aggregate, so never assume 1.
        severity: A `Severity` name, or the number the product uses.
        attributes: Whatever else the record says, by the product's own names.
        raw: The record itself, undecodable bytes replaced.
        flags: What the framework noticed about it, such as `future`.
    """

    time: datetime
    type: str
    id: str = ""
    source: str = ""
    computer: str = ""
    count: int = 1
    severity: str | int | float = ""
    group: str = ""
    domain: str = ""
    server: str = ""
    user: str = ""
    risk: str = ""
    application: str = ""
    action: str = ""
    source_address: str = ""
    destination_address: str = ""
    source_port: int | None = None
    destination_port: int | None = None
    protocol: str = ""
    message: str = ""
    attributes: dict[str, Any] = {}
    raw: str = ""
    flags: tuple[str, ...] = ()

    def get(self, field: str) -> Any:
        """The value of an event field, else of the attribute of that name, else `None`; dots reach into attributes."""
        if field in EVENT_FIELDS:
            return getattr(self, field)
        value = self.attributes.get(field)
        return _inside(self.attributes, field) if value is None and "." in field else value


EVENT_FIELDS = frozenset(Event.__struct_fields__) - {"attributes"}
"""Names that `Event.get` and filters take from the event itself; any other name is looked up in its attributes."""


def _inside(attributes: dict[str, Any], path: str) -> Any:
    """The value in nested objects that a path with dots leads to, if any."""
    value: Any = attributes
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def unparsed(record: bytes, reason: str) -> Event:
    """The event for a record that a format cannot read; the core gives it the time of the record before it."""
    return Event(time=UNKNOWN_TIME, type=UNPARSED, raw=record.decode("utf-8", "replace"), attributes={"reason": reason})


class Firing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An evaluator's answer: the condition is met, now, for this key.

    Attributes:
        key: The state that fired: empty, a computer, ... as `Evaluator.key` returned it.
        time: The end of the window that was full; the newest event time seen for this key.
        event: The event that completed it; set by the engine.
        condition: Name of the condition; set by the engine.
        kind: `fired`, `closed`, ... what happened to the condition.
        quantity: What was reached at least: occurrences, or different computers.
        since: Time of the oldest of the occurrences that reached the quantity.
        suppressed: Matching occurrences while the damper that ended before this firing was active.
        computers: The different computers that were counted (distinct conditions only).
    """

    key: str
    time: datetime
    event: Event | None = None
    condition: str = ""
    kind: str = "fired"
    quantity: int = 1
    since: datetime | None = None
    suppressed: int = 0
    computers: tuple[str, ...] = ()


class Message(msgspec.Struct, frozen=True):
    """The words of a notification."""

    subject: str
    body: str


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """The immutable record of a firing, as it stands in the notifications log and as every action gets it.

    Attributes:
        id: Derived from condition, revision, key, firing event and kind: deciding twice gives the same id.
        condition: Name of the condition.
        revision: Which wording and settings of the condition decided; 12 hexadecimal digits.
        type: The condition's type.
        creator: Who set the condition up.
        key: What it fired for; see `Firing.key`.
        kind: `fired`, `closed` or `test`.
        time: When the condition was met, by event time.
        severity: How bad.
        subject: One line without control characters.
        body: Text; lines end in a line feed.
        event: The event that completed it.
        test: True for a marked sample that the Test button sends.
        fault: Why the safe built-in wording was used instead of the configured template; empty when it was not.
    """

    id: str
    condition: str
    revision: str
    type: str
    key: str
    kind: str
    time: datetime
    severity: Severity
    subject: str
    body: str
    event: Event
    quantity: int = 1
    since: datetime | None = None
    suppressed: int = 0
    computers: tuple[str, ...] = ()
    creator: str = ""
    test: bool = False
    fault: str = ""

    @property
    def computer(self) -> str:
        """The computer that it is about, as far as there is one."""
        return self.event.computer

    @staticmethod
    def sample(time: datetime | None = None) -> Notification:
        """A marked notification, the one that the Test button sends."""
        moment = time or datetime.now(UTC)
        event = Event(
            time=moment, type="test", id=f"test:{moment.timestamp():.6f}", source="test", computer="test-computer",
            severity=Severity.INFORMATION, message="This is a test of a notification action. Nothing happened.",
        )  # fmt: skip
        return Notification(
            id=hashlib.sha256(event.id.encode()).hexdigest()[:32],
            condition="test",
            revision="0" * 12,
            type="test",
            key="test-computer",
            kind="test",
            time=moment,
            severity=Severity.INFORMATION,
            subject="TEST: alert can reach you",
            body="This is a test of a notification action.\nNothing happened; no condition was met.\n",
            event=event,
            test=True,
        )


class Strength(StrEnum):
    """What a receipt proves, from least to most."""

    HANDED_OVER = "handed-over"
    """Given to the network: a datagram. Nobody said that it arrived."""
    ACCEPTED = "accepted"
    """The server at the other end said yes."""
    CONFIRMED = "confirmed"
    """The final receiver said yes."""


class Receipt(msgspec.Struct, frozen=True):
    """Proof that a notification was taken.

    Attributes:
        strength: What it proves.
        remote_id: The receiver's own name for it: a queue id, a status line.
        detail: Anything else an administrator would like to see later. Never a secret.
    """

    strength: Strength
    remote_id: str = ""
    detail: str = ""


class CheckResult(msgspec.Struct, frozen=True):
    """What the Test button has to say."""

    ok: bool
    detail: str
    seconds: float = 0.0


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Deliberately not delivered; the reason is recorded."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One notification x one action, after an attempt; what the `alert_delivered` hook gets."""

    notification: Notification
    action: str
    state: DeliveryState
    attempt: int
    receipt: Receipt | None = None
    error: str = ""
