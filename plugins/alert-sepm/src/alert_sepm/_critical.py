"""Critical events, as the manager's REST API gives them."""

from __future__ import annotations

import msgspec

from alert_core import Event
from alert_core.wire.stamps import StampReader
from alert_sepm._header import WORDS

__all__ = ["TYPE", "CriticalEvent", "critical_event"]

TYPE = "manager-notification"
"""The type of their events."""


class CriticalEvent(msgspec.Struct, rename="camel"):
    """One of them.

    Attributes:
        event_id: The manager's name for it.
        event_date_time: When, without a time zone.
        subject: Such as `CRITICAL: OLD SONAR DEFINITIONS`.
        message: A sentence, which may hold HTML.
        acknowledged: Whether somebody has acknowledged it: 0 or 1.
    """

    event_id: str
    event_date_time: str
    subject: str = ""
    message: str = ""
    acknowledged: int | bool = 0


def critical_event(critical: CriticalEvent, stamps: StampReader, raw: str) -> Event:
    """The event for a critical event; its id is that of the manager, so that nothing is taken for two events.

    Raises:
        ValueError: Its time cannot be read.
    """
    word, _, rest = critical.subject.partition(":")
    return Event(
        time=stamps.read(critical.event_date_time.strip()),
        type=TYPE,
        id=f"sepm:{critical.event_id}",
        severity=WORDS.get(word.strip().lower(), "") if rest else "",
        message=critical.message or critical.subject,
        attributes={"log": "critical", "subject": critical.subject, "acknowledged": bool(critical.acknowledged)},
        raw=raw,
    )
