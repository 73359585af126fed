"""What the three layouts have in common: a hit of a filter, as an event."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alert_core import Event
from alert_core.model import UNKNOWN_TIME
from alert_core.wire.syslog import Received

__all__ = ["HIT", "SEVERITIES", "endpoint", "hit", "number", "without_number"]

HIT = "ips-hit"
"""The type of the event: traffic met a filter, and was blocked, permitted or whatever."""

SEVERITIES = {
    "1": "low", "2": "minor", "3": "major", "4": "critical",
    "low": "low", "minor": "minor", "major": "major", "critical": "critical",
}  # fmt: skip
"""Severity as the SMS and devices write it, in lower case = the severity of the event."""

_NUMBERED = re.compile(r"\d{1,9}: +(?=\S)", re.ASCII)
_LARGEST_PORT, _LARGEST_COUNT = 65535, 2**31 - 1


def hit(
    fields: Mapping[str, Any], attributes: Mapping[str, str], *, time: datetime | None, header: Received, raw: str
) -> Event:
    """The event. What the header says fills what is open; attributes without a value are left out."""
    known = {name: value for name, value in fields.items() if value not in ("", None)}
    if header.host:
        known.setdefault("server", header.host)
    known.setdefault("computer", known.get("server", ""))
    return Event(
        time=time or header.time or UNKNOWN_TIME,
        type=HIT,
        attributes={name: value for name, value in attributes.items() if value.strip()},
        raw=raw,
        **known,
    )


def without_number(name: str) -> str:
    """The name of a filter without its number in front, which not all layouts repeat there."""
    return _NUMBERED.sub("", name, count=1)


def number(text: str, largest: int = _LARGEST_COUNT, *, least: int = 0) -> int | None:
    """A number, if it is one in this range."""
    if text.isdecimal() and text.isascii() and len(text) <= len(str(largest)) and least <= int(text) <= largest:
        return int(text)
    return None


def endpoint(address: str, port: str) -> tuple[str, int | None]:
    """Address and port, as far as these are any."""
    try:
        known = str(ipaddress.ip_address(address.strip("[]")))
    except ValueError:
        known = ""
    return known, number(port, _LARGEST_PORT)
