"""What a trap is made of: numbered values, and how text becomes one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol

from alert_core.model import Notification

MAX_BODY = 1024
# SnmpAdminString and DisplayString, which management stations expect of short texts, end here.
_MAX_LINE = 255
_MARK = "…".encode()
_MAX_GAUGE = 2**32 - 1
# What Unicode calls controls, and its own separators of lines.
_CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"
_CONTROLS_IN_LINES = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]"

Kind = Literal["integer", "gauge", "octets", "address"]


class Varbind(NamedTuple):
    """One object of a trap: its number, what kind of value it has, and the value."""

    oid: str
    kind: Kind
    value: int | bytes


class Preset(Protocol):
    """A MIB's numbers: which notifications there are, and which objects each carries."""

    @property
    def fired(self) -> str:
        """Number of the notification that a condition was met."""

    @property
    def closed(self) -> str:
        """Number of the notification that it is over."""

    @property
    def test(self) -> str:
        """Number of the notification that the Test button sends."""

    def varbinds(self, oid: str, notification: Notification, key: str) -> list[Varbind]:
        """The objects of a notification.

        Args:
            oid: Under which number it is sent.
            notification: What to tell.
            key: The idempotency key of this delivery.

        Raises:
            DeliveryError: The notification lacks what the MIB asks for.
        """


def gauge(number: int) -> int:
    """A count, as high as a Gauge32 goes."""
    return max(0, min(number, _MAX_GAUGE))


def line(text: str) -> bytes:
    """A text without control characters, as long as a management station takes it."""
    return _clean(text, _MAX_LINE, _CONTROLS)


def body(text: str) -> bytes:
    """A text of several lines."""
    return _clean(text, MAX_BODY, _CONTROLS_IN_LINES)


def _clean(text: str, max_bytes: int, controls: str) -> bytes:
    """A text in UTF-8, cut between characters and marked where it was cut; control characters are spelt out."""
    raw = re.sub(controls, _spelt_out, text[: max_bytes + 1]).encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw
    return raw[: max_bytes - len(_MARK)].decode("utf-8", "ignore").encode() + _MARK


def _spelt_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def date_and_time(moment: datetime) -> bytes:
    """SNMPv2-TC `DateAndTime` in UTC: year, month, day, hour, minute, second, tenths, `+`, zone hours, zone minutes."""
    utc = moment.astimezone(UTC)
    fields = (utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond // 100_000)
    return utc.year.to_bytes(2, "big") + bytes(fields) + b"+\0\0"
