"""The Log Event Extended Format of QRadar, version 2.0: one line, a header with bars, attributes between delimiters.

The format has no escapes. So a bar in the header, the delimiter in a value and control characters anywhere are shown by
`visible`, which a reader who knows nothing about it cannot mistake for a delimiter either.
"""

from __future__ import annotations

import msgspec

from alert_core.model import Event, Severity
from alert_core.wire.cef import milliseconds
from alert_core.wire.controls import visible
from alert_core.wire.fields import event_texts

__all__ = ["DELIMITER", "KEYS", "SEVERITIES", "Record", "event_pairs", "render"]

DELIMITER = "^"

SEVERITIES = {
    Severity.CRITICAL: "10",
    Severity.MAJOR: "7",
    Severity.MINOR: "4",
    Severity.LOW: "2",
    Severity.INFORMATION: "1",
}
"""The attribute `sev`, which goes from 1 to 10."""

KEYS = {
    "type": "cat",
    "computer": "resource",
    "user": "usrName",
    "domain": "domain",
    "source_address": "src",
    "destination_address": "dst",
    "source_port": "srcPort",
    "destination_port": "dstPort",
    "protocol": "proto",
    "message": "msg",
    "id": "alertId",
    "source": "alertSource",
    "risk": "alertRisk",
    "application": "alertApplication",
    "action": "alertAction",
    "group": "alertGroup",
    "server": "alertServer",
    "count": "alertCount",
    "severity": "alertSeverity",
    "flags": "alertFlags",
    "attributes": "alertAttributes",
    "raw": "alertRaw",
}
"""The key of each field of an event: a predefined one of the format where there is one, else one of our own."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What one line of LEEF says.

    Attributes:
        event_id: What kind of event it is.
        attributes: Keys and values in order. A key has letters and digits only.
        delimiter: One ASCII punctuation mark; not `|`, `=`, `{` or `}`, which the header and `visible` need.
    """

    vendor: str
    product: str
    product_version: str
    event_id: str
    attributes: tuple[tuple[str, str], ...] = ()
    delimiter: str = DELIMITER


def render(record: Record) -> str:
    """The line, without a line end."""
    header = [visible(text, also="|") for text in (record.vendor, record.product, record.product_version, record.event_id)]
    pairs = [f"{key}={visible(value, also=record.delimiter)}" for key, value in record.attributes]
    return f"LEEF:2.0|{'|'.join(header)}|{record.delimiter}|{record.delimiter.join(pairs)}"


def event_pairs(event: Event) -> dict[str, str]:
    """The attributes for an event: its time and every field that says something, by `KEYS`."""
    pairs = {"devTime": milliseconds(event.time)}
    if event.time.microsecond % 1000:
        pairs["alertTime"] = event.time.isoformat()
    return pairs | {KEYS[name]: text for name, text in event_texts(event).items()}
