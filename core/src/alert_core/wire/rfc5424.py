"""Syslog messages as RFC 5424 has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from alert_core.model import Severity

__all__ = ["BOM", "NIL", "SEVERITIES", "Element", "Message", "assemble", "element", "head", "header_field", "render"]

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
    data = "".join(
        [element(one.name, [key for key, _ in one.parameters], [value for _, value in one.parameters]) for one in message.data]
    )
    return assemble(head(message), data, message.text, bom=message.bom)


def head(message: Message) -> str:
    """What stands before the structured data; the same for every way to shorten the rest."""
    time = _stamp(message.time) if message.time else NIL
    host, app = header_field(message.host, 255), header_field(message.app, 48)
    process, kind = header_field(message.process, 128), header_field(message.kind, 32)
    return f"<{message.facility * 8 + message.severity}>1 {time} {host} {app} {process} {kind}"


def assemble(head: str, data: str, text: str, *, bom: bool) -> str:
    """The message without framing, of what `head` and `element` wrote and a text."""
    if not text:
        return f"{head} {data or NIL}"
    return f"{head} {data or NIL} {BOM}{text}" if bom and not text.isascii() else f"{head} {data or NIL} {text}"


def element(name: str, keys: Sequence[str], values: Sequence[str]) -> str:
    """One element of structured data with these names and values of parameters, of which there are equally many."""
    # All values are looked at, and escaped, together: one by one it would be most of the work of a message.
    together = "\0".join(values)
    if "\\" in together or '"' in together or "]" in together:
        escaped = together.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]").split("\0")
        # A value may hold the separator itself.
        values = escaped if len(escaped) == len(values) else [_escaped(value) for value in values]
    return _form(name, tuple(keys)) % tuple(values)


def _stamp(time: datetime) -> str:
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    # Several times faster than `isoformat`; it leaves a fraction of zero out.
    text = msgspec.json.encode(time)[1:-2].decode()
    return f"{text}Z" if "." in text else f"{text}.000000Z"


@lru_cache(maxsize=256)  # the same few names stand in every message
def header_field(text: str, limit: int) -> str:
    """A name as it may stand in the header: printable ASCII without blanks, others as `_`; `-` for nothing."""
    return _UNPRINTABLE.sub("_", text[:limit]) or NIL


@lru_cache(maxsize=256)  # the same few combinations stand in every message
def _form(name: str, keys: tuple[str, ...]) -> str:
    """An element with a place for every value."""
    written = "".join(f' {key}="\0"' for key in keys)
    return f"[{name}{written}]".replace("%", "%%").replace("\0", "%s")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
