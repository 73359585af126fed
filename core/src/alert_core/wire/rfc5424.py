"""Syslog messages as RFC 5424 has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from alert_core.model import Severity

__all__ = ["BOM", "NIL", "SEVERITIES", "Element", "Message", "assemble", "element", "header_field", "render"]

BOM = "\ufeff"
NIL = "-"
SEVERITIES = {
    Severity.CRITICAL: 2,
    Severity.MAJOR: 3,
    Severity.MINOR: 4,
    Severity.LOW: 5,
    Severity.INFORMATION: 6,
}
"""The severity in the priority: critical, error, warning, notice, informational."""

_UNPRINTABLE = re.compile("[^!-~]")


class Element(msgspec.Struct, frozen=True):
    """One element of structured data.

    Attributes:
        name: The SD-ID, such as `alert@32473`.
        parameters: Names and values in order. A name has at most 32 printable ASCII characters, no blank, `=`, `]` or `"`.
    """

    name: str
    parameters: tuple[tuple[str, str], ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What one message says, without its escapes.

    Attributes:
        facility: 0 to 23.
        severity: 0 (emergency) to 7 (debug).
        time: With a time zone; it is sent in UTC. `None` when the sender has no clock.
        host: Empty when unknown, as are the other names.
        kind: The MSGID.
        text: Any text. It keeps its control characters: whoever sends it decides what the way there can carry.
        bom: Whether text outside ASCII is announced as UTF-8, as the standard asks for; else it is just bytes.
    """

    facility: int
    severity: int
    time: datetime | None
    host: str = ""
    app: str = ""
    process: str = ""
    kind: str = ""
    data: tuple[Element, ...] = ()
    text: str = ""
    bom: bool = True


def render(message: Message) -> str:
    """The message without framing."""
    return assemble(message, "".join([element(one.name, one.parameters) for one in message.data]))


def assemble(message: Message, data: str) -> str:
    """The message without framing, with structured data that is written already, by `element`; its own is not looked at."""
    time = _stamp(message.time) if message.time else NIL
    host, app = header_field(message.host, 255), header_field(message.app, 48)
    process, kind = header_field(message.process, 128), header_field(message.kind, 32)
    head = f"<{message.facility * 8 + message.severity}>1 {time} {host} {app} {process} {kind} {data or NIL}"
    if not message.text:
        return head
    return f"{head} {BOM}{message.text}" if message.bom and not message.text.isascii() else f"{head} {message.text}"


def element(name: str, parameters: Iterable[tuple[str, str]]) -> str:
    """One element of structured data with these names and values."""
    written = "".join([f' {key}="{_escaped(value)}"' for key, value in parameters])
    return f"[{name}{written}]"


def _stamp(time: datetime) -> str:
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return f"{time.isoformat(timespec='microseconds')[: -len('+00:00')]}Z"


@lru_cache(maxsize=256)  # the same few names stand in every message
def header_field(text: str, limit: int) -> str:
    """A name as it may stand in the header: printable ASCII without blanks, others as `_`; `-` for nothing."""
    return _UNPRINTABLE.sub("_", text[:limit]) or NIL


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "]" in value:  # which is rare, and quicker to ask than to replace
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    return value
