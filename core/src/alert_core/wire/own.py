"""Events as alert itself writes them in CEF, LEEF and RFC 5424, and back; what comes back is what was written.

Without `raw` and `source`, of course: what is read has been read somewhere else, from another record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from alert_core.model import Event, Severity
from alert_core.wire import cef, leef, rfc5424
from alert_core.wire.controls import restored, visible
from alert_core.wire.fields import event_texts

__all__ = [
    "ELEMENT",
    "VENDOR",
    "event_as_cef",
    "event_as_leef",
    "event_as_syslog",
    "event_from_cef",
    "event_from_leef",
    "event_from_texts",
]

VENDOR = "alert"
"""Vendor and product of our own records."""
ELEMENT = "event@32473"
"""The element of structured data that holds an event; 32473 is the enterprise number that RFC 5612 gives to examples."""

# Only notifications say what happened to a condition.
_NOTIFICATION = "alertKind"
_NOT_TEXT = frozenset({"count", "severity", "source_port", "destination_port", "flags", "attributes"})
_START = datetime(1970, 1, 1, tzinfo=UTC)
_CEF_FIELDS = {key: name for name, key in cef.KEYS.items()} | {"c6a2": "source_address", "c6a3": "destination_address"}
_LEEF_FIELDS = {key: name for name, key in leef.KEYS.items()}
_FACILITY = 16


def event_as_cef(event: Event, *, version: int = 0) -> str:
    """A line of CEF with all of an event."""
    record = cef.Record(
        vendor=VENDOR,
        product=VENDOR,
        product_version="1",
        signature=event.type,
        name=event.message or event.type,
        severity=cef.SEVERITIES.get(_severity(event), "5"),
        extension=tuple(cef.event_pairs(event, version=version).items()),
        version=version,
    )
    return cef.render(record)


def event_as_leef(event: Event) -> str:
    """A line of LEEF 2.0 with all of an event."""
    pairs = leef.event_pairs(event) | {"sev": leef.SEVERITIES.get(_severity(event), "5")}
    record = leef.Record(
        vendor=VENDOR, product=VENDOR, product_version="1", event_id=event.type, attributes=tuple(pairs.items())
    )
    return leef.render(record)


def event_as_syslog(event: Event) -> str:
    """A message of RFC 5424 with all of an event in its structured data."""
    # The type even when it is empty: an element without any parameter would not be known again.
    texts = {"type": event.type, **event_texts(event)}
    pairs = tuple((name, visible(text)) for name, text in texts.items())
    message = rfc5424.Message(
        facility=_FACILITY,
        severity=rfc5424.SEVERITIES.get(_severity(event), 5),
        time=event.time,
        app=VENDOR,
        kind=event.type,
        data=(rfc5424.Element(ELEMENT, pairs),),
    )
    return rfc5424.render(message)


def event_from_cef(vendor: str, product: str, pairs: Mapping[str, str], *, raw: str) -> Event | None:
    """The event that `event_as_cef` wrote with this header and extension; `None` if it did not."""
    return _from_pairs(pairs, _CEF_FIELDS, pairs.get("rt", ""), raw=raw) if vendor == product == VENDOR else None


def event_from_leef(vendor: str, product: str, pairs: Mapping[str, str], *, raw: str) -> Event | None:
    """The event that `event_as_leef` wrote with this header and these attributes; `None` if it did not."""
    return _from_pairs(pairs, _LEEF_FIELDS, pairs.get("devTime", ""), raw=raw) if vendor == product == VENDOR else None


def event_from_texts(texts: Iterable[tuple[str, str]], time: datetime, *, raw: str) -> Event | None:
    """The event of which `event_texts` gave these, once made visible; `None` if it did not."""
    values: dict[str, Any] = {"raw": raw, "time": time, "type": ""}
    for name, text in texts:
        if name not in ("source", "raw"):
            # Half a character can be shown, but not stored.
            values[name] = text if text.isascii() else restored(text).encode("utf-8", "replace").decode()
    try:
        values |= {name: msgspec.json.decode(values[name]) for name in _NOT_TEXT & values.keys()}
        event = msgspec.convert(values, Event)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return event if event.count > 0 else None


def _from_pairs(pairs: Mapping[str, str], fields: Mapping[str, str], milliseconds: str, *, raw: str) -> Event | None:
    if _NOTIFICATION in pairs:
        return None
    try:
        if "alertTime" in pairs:
            time = datetime.fromisoformat(pairs["alertTime"]).astimezone(UTC)
        else:
            time = _START + timedelta(milliseconds=int(milliseconds))
    except (ValueError, OverflowError):
        return None
    return event_from_texts(((fields[key], text) for key, text in pairs.items() if key in fields), time, raw=raw)


def _severity(event: Event) -> Severity:
    try:
        return Severity(str(event.severity))
    except ValueError:
        return Severity.MINOR
