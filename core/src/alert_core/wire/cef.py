r"""The Common Event Format of ArcSight, versions 0 and 1: one line, a header with bars, an extension of `key=value` pairs.

In the header a bar and a backslash are escaped by a backslash; in a value an equals sign, a backslash, a line feed (`\n`) and
a carriage return (`\r`). A header may not have line ends, and other control characters have no escape in the standard: they
are shown by `visible`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from alert_core.model import Event, Severity
from alert_core.wire.controls import visible
from alert_core.wire.fields import event_texts

__all__ = ["KEYS", "SEVERITIES", "Record", "event_pairs", "milliseconds", "render"]

SEVERITIES = {
    Severity.CRITICAL: "10",
    Severity.MAJOR: "7",
    Severity.MINOR: "4",
    Severity.LOW: "1",
    Severity.INFORMATION: "0",
}
"""The severity in the header; the four upper ones are those that the SMS of TippingPoint writes."""

KEYS = {
    "type": "cat",
    "id": "externalId",
    "computer": "dhost",
    "user": "duser",
    "application": "dproc",
    "action": "act",
    "server": "dvchost",
    "source_address": "src",
    "destination_address": "dst",
    "source_port": "spt",
    "destination_port": "dpt",
    "protocol": "proto",
    "count": "cnt",
    "message": "msg",
    "raw": "rawEvent",
    "source": "alertSource",
    "risk": "alertRisk",
    "group": "alertGroup",
    "domain": "alertDomain",
    "severity": "alertSeverity",
    "flags": "alertFlags",
    "attributes": "alertAttributes",
}
"""The key of each field of an event: one of the standard's dictionary where that has one, else one of our own."""

_START = datetime(1970, 1, 1, tzinfo=UTC)
# Version 0 knows IPv4 only; IPv6 goes to the custom fields that the standard names for it.
_IPV6 = {"src": ("c6a2", "Source IPv6 Address"), "dst": ("c6a3", "Destination IPv6 Address")}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What one line of CEF says, without its escapes.

    Attributes:
        signature: What kind of event it is, the same for all of its kind.
        name: What kind of event it is, in words.
        severity: 0 to 10; other products write words as well.
        extension: Keys and values in order. A key has no blank and no equals sign.
    """

    vendor: str
    product: str
    product_version: str
    signature: str
    name: str
    severity: str
    extension: tuple[tuple[str, str], ...] = ()
    version: int = 0


def render(record: Record) -> str:
    """The line, without a line end."""
    header = (record.vendor, record.product, record.product_version, record.signature, record.name, record.severity)
    extension = " ".join([f"{key}={_value(value)}" for key, value in record.extension])
    return f"CEF:{record.version}|{'|'.join(map(_header, header))}|{extension}"


def event_pairs(event: Event, *, version: int = 0) -> dict[str, str]:
    """The extension for an event: its time and every field that says something, by `KEYS`."""
    pairs = {"rt": milliseconds(event.time)}
    if event.time.microsecond % 1000:
        pairs["alertTime"] = event.time.isoformat()
    for name, text in event_texts(event).items():
        key = KEYS[name]
        if version == 0 and key in _IPV6 and ":" in text:
            key, label = _IPV6[key]
            pairs[f"{key}Label"] = label
        pairs[key] = text
    return pairs


def milliseconds(time: datetime) -> str:
    """A time as CEF and LEEF write it: milliseconds since 1970."""
    return str((time - _START) // timedelta(milliseconds=1))


def _header(text: str) -> str:
    return visible(text.replace("\\", "\\\\").replace("|", "\\|"))


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("=", "\\=")
    return visible(escaped.replace("\n", "\\n").replace("\r", "\\r"))
