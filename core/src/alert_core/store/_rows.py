"""Notifications as rows and as lines, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol, cast

import msgspec

from alert_core.model import Event, Notification, Severity
from alert_core.store._times import from_micros, to_micros

__all__ = ["NOTIFICATION_COLUMNS", "Row", "decision_line", "from_row", "safe_json", "to_row"]

_LARGEST = 2**63 - 1
_DEEPEST = 60

_encoder = msgspec.json.Encoder(order="deterministic", enc_hook=str)
_canonical = msgspec.json.Encoder(order="sorted", enc_hook=str)
_event_decoder = msgspec.json.Decoder(Event)
_computers_decoder = msgspec.json.Decoder(tuple[str, ...])

NOTIFICATION_COLUMNS = (*Notification.__struct_fields__, "computer", "recorded")
"""The columns that `to_row` fills, in its order."""


def to_row(notification: Notification, recorded: int) -> tuple[Any, ...]:
    """The values of `NOTIFICATION_COLUMNS` for a notification."""
    sound = _sound(notification)
    values = {
        **msgspec.structs.asdict(sound),
        "time": to_micros(sound.time),
        "since": to_micros(sound.since),
        "severity": sound.severity.value,
        "event": _encoder.encode(sound.event).decode(),
        "computers": _encoder.encode(sound.computers).decode(),
        "test": int(sound.test),
        "computer": sound.computer,
        "recorded": recorded,
    }
    return tuple(values[name] for name in NOTIFICATION_COLUMNS)


class Row(Protocol):
    """A row that knows its columns, of the driver or of SQLAlchemy."""

    def __getitem__(self, name: str, /) -> Any: ...


def from_row(row: Row) -> Notification:
    """The notification that a row of the table stands for."""
    fields = {name: row[name] for name in Notification.__struct_fields__}
    fields["time"] = from_micros(row["time"])
    fields["since"] = from_micros(row["since"])
    fields["severity"] = Severity(row["severity"])
    fields["event"] = _event_decoder.decode(row["event"])
    fields["computers"] = _computers_decoder.decode(row["computers"])
    fields["test"] = bool(row["test"])
    return Notification(**fields)


def decision_line(notification: Notification) -> bytes:
    """The immutable part of a log entry as one canonical line of JSON, without a line end.

    A notification fresh from the engine and the same one read back from the log give the same bytes.
    """
    return safe_json(_canonical.encode(_sound(notification)))


# What a terminal or an editor may obey, although JSON allows it bare: DEL, C1 controls, line separators, direction overrides.
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def safe_json(encoded: bytes) -> bytes:
    """The same JSON with every character that a terminal could obey written as an escape."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded.decode()).encode()


def _sound(notification: Notification) -> Notification:
    """The notification in the form that the log keeps: times in UTC, text fit for UTF-8, numbers fit for 64 bits.

    Text and numbers come from events; one hostile event must not stop the log.
    """
    event = notification.event
    severity = event.severity
    if isinstance(severity, float) and not math.isfinite(severity):  # JSON would make it a null, which no event may have
        severity = str(severity)
    event = msgspec.structs.replace(event, time=_utc(event.time), severity=severity)
    since = None if notification.since is None else _utc(notification.since)
    sound = msgspec.structs.replace(notification, event=event, time=_utc(notification.time), since=since)
    try:
        _encoder.encode(sound)
        fits = all(abs(number) <= _LARGEST for number in (sound.quantity, sound.suppressed))
    except (UnicodeEncodeError, OverflowError, TypeError, RecursionError):
        fits = False
    return sound if fits else cast(Notification, _fit(sound))  # `_fit` keeps the type


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or last hours that a calendar knows, in another zone
        return moment.replace(tzinfo=UTC)


def _fit(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(value, _LARGEST))
    if depth > _DEEPEST:
        return "(nested too deeply)"
    if isinstance(value, msgspec.Struct):
        fields = {name: _fit(getattr(value, name), depth + 1) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, Mapping):
        return {str(_fit(key)): _fit(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fit(item, depth + 1) for item in value)
    return value
