"""Which objects a trap carries, and under which numbers.

The numbers hang below net-snmp's playpen, a branch set aside for private use: the project has no enterprise number of its
own, and the number 32473 of RFC 5612 is for documentation, not for real networks. 25378 keeps clear of other tenants of the
playpen; it is the word "alert" on the keys of a telephone.

    enterprise.0.n     notifications: 1 fired, 2 closed, 3 test
    enterprise.1.n.0   objects: see `varbinds`
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from alert_core.model import Notification, severity_rank

ENTERPRISE = "1.3.6.1.4.1.8072.9999.9999.25378"
FIRED, CLOSED, TEST = (f"{ENTERPRISE}.0.{number}" for number in (1, 2, 3))

# SnmpAdminString and DisplayString, which management stations expect of short texts, end here.
_MAX_LINE = 255
_MARK = "…"
_MAX_GAUGE = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Varbind:
    """One object of a trap: its number, what kind of value it has, and the value."""

    oid: str
    kind: Literal["integer", "gauge", "octets"]
    value: int | bytes


def varbinds(notification: Notification, key: str, max_bytes: int) -> list[Varbind]:
    """The objects of a notification, in the order of their numbers.

    Args:
        notification: What to tell.
        key: The idempotency key of this delivery.
        max_bytes: Where the body is cut.
    """
    values: list[tuple[Literal["integer", "gauge", "octets"], int | bytes]] = [
        ("octets", line(notification.id)),
        ("octets", line(notification.condition)),
        ("integer", severity_rank(notification.severity) + 1),
        ("octets", line(notification.subject)),
        ("octets", line(notification.computer)),
        ("octets", date_and_time(notification.time)),
        ("gauge", min(notification.quantity, _MAX_GAUGE)),
        ("gauge", min(notification.suppressed, _MAX_GAUGE)),
        ("octets", clean(notification.body, max_bytes, keep="\n\t")),
        ("octets", line(key)),
    ]
    return [Varbind(f"{ENTERPRISE}.1.{number}.0", kind, value) for number, (kind, value) in enumerate(values, 1)]


def line(text: str) -> bytes:
    """A text without control characters, as long as a management station takes it."""
    return clean(text, _MAX_LINE)


def clean(text: str, max_bytes: int, *, keep: str = "") -> bytes:
    """A text in UTF-8, cut between characters and marked where it was cut; control characters are spelt out."""
    text = text[: max_bytes + 1]
    if not text.isprintable():
        text = "".join(character if character in keep else _visible(character) for character in text)
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw
    mark = _MARK.encode()
    return raw[: max_bytes - len(mark)].decode("utf-8", "ignore").encode() + mark


def _visible(character: str) -> str:
    if unicodedata.category(character) == "Cc" or character in "\u2028\u2029":
        return character.encode("unicode_escape").decode()
    return character


def date_and_time(moment: datetime) -> bytes:
    """SNMPv2-TC `DateAndTime` in UTC: year, month, day, hour, minute, second, tenths, `+`, zone hours, zone minutes."""
    utc = moment.astimezone(UTC)
    fields = (utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond // 100_000)
    return utc.year.to_bytes(2, "big") + bytes(fields) + b"+\0\0"
