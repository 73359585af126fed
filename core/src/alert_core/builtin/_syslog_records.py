"""What is done with syslog messages: the work of the format `syslog`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from alert_core.builtin._flat import Fields, stamp_reader
from alert_core.builtin.syslog import SEVERITIES, SyslogSettings
from alert_core.components import Format
from alert_core.model import EVENT_FIELDS, UNKNOWN_TIME, UNPARSED, Event
from alert_core.projection import BlockDecoder, Projection
from alert_core.wire.own import ELEMENT, event_from_texts
from alert_core.wire.syslog import FACILITIES, Received, SyslogReader

__all__ = ["SyslogRecords", "header_attributes"]

_OWN = f"[{ELEMENT} "
_OTHERWISE = frozenset({"id", "source", "raw", "flags"})
_REPEATED = re.compile(r"(?:last )?message repeated (\d{1,9}) times?(?:: \[ ?(.*)\])?", re.DOTALL)


def _severity(received: Received) -> str:
    return "" if received.priority is None else SEVERITIES[received.priority & 7]


_SAID: Mapping[str, Callable[[Received], str]] = {
    "computer": attrgetter("host"),
    "application": attrgetter("app"),
    "severity": _severity,
    "message": attrgetter("text"),
}
"""What fills the fields of an event that is just a header and a text."""


class SyslogRecords:
    """Reads syslog messages.

    Args:
        settings: Those of the format.
        inner: How the message behind a header reads; `None`: it is text.
    """

    def __init__(self, settings: SyslogSettings, inner: Format[Any] | None) -> None:
        self._stamps = stamp_reader(settings)
        self._reader = SyslogReader(self._stamps)
        self._fields = Fields(settings.fields) if settings.fields else None
        self._programs = frozenset(settings.programs)
        self._default_type = settings.default_type
        self._inner = inner

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        """One event per record, in order."""
        self._stamps.refresh()
        return [self._decode(str(record, "utf-8", "replace")) for record in records]

    def _decode(self, raw: str) -> Event:
        received = self._reader.read(raw)
        text, count = received.text, 1
        if "message repeated " in text[:32] and (match := _REPEATED.fullmatch(text)):
            count = max(1, int(match[1]))
            text = match[2] or text
        if self._inner is not None and text and (not self._programs or received.app in self._programs):
            return self._inside(self._inner, received, text, count, raw)
        if received.structured.startswith(_OWN) and (own := _own_event(received, raw)) is not None:
            return own
        return self._plain(received, text, count, raw)

    def _plain(self, received: Received, text: str, count: int, raw: str) -> Event:
        event = Event(
            time=received.time or UNKNOWN_TIME,
            type=self._default_type,
            computer=received.host,
            application=received.app,
            severity=_severity(received),
            message=text,
            count=count,
            attributes=header_attributes(received),
            raw=raw,
        )
        if self._fields is None:
            return event
        attributes = dict(event.attributes)
        return msgspec.structs.replace(event, **self._fields.take(attributes), attributes=attributes)

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        """Straight into the projection, if messages are text and nothing but what a header says is wanted."""
        wanted = set(projection.fields)
        plain = self._inner is None and self._fields is None and not (projection.whole or projection.numeric)
        if not plain or not wanted <= EVENT_FIELDS - _OTHERWISE:
            return None
        said = [(name, _SAID[name]) for name in projection.fields if name in _SAID]
        struct, read = projection.struct, self._reader.read
        default_type, stamps = self._default_type, self._stamps

        def decode(block: bytes) -> Sequence[Any]:
            stamps.refresh()
            return [row(read(line)) for line in str(block, "utf-8").split("\n") if line and not line.isspace()]

        def row(received: Received) -> Any:
            if received.time is None or received.structured.startswith(_OWN) or "message repeated " in received.text[:32]:
                raise msgspec.ValidationError("more than a header and a text")
            item = struct(received.time, default_type)
            for name, told in said:
                setattr(item, name, told(received))
            return item

        return decode

    def _inside(self, inner: Format[Any], received: Received, text: str, count: int, raw: str) -> Event:
        """The event of the message; the header fills what it left open, and its host is where the message came from."""
        (event,) = inner.decode([text.encode()])
        if event.type == UNPARSED and inner.name == "auto":
            return self._plain(received, text, count, raw)
        attributes = header_attributes(received)
        host = received.host
        changes: dict[str, Any] = {
            "computer": event.computer or host,
            "server": event.server or host,
            "application": event.application or received.app,
            "count": event.count * count,
            "attributes": attributes | event.attributes,
            "raw": raw,
        }
        if event.time == UNKNOWN_TIME and received.time is not None:
            changes["time"] = received.time
        if event.severity == "":
            changes["severity"] = _severity(received)
        if not event.message and event.type != UNPARSED:
            changes["message"] = text
        if self._fields:
            changes |= self._fields.take(attributes)
        return msgspec.structs.replace(event, **changes)


def _own_event(received: Received, raw: str) -> Event | None:
    """The event that alert wrote as this message, if it did."""
    data = received.data
    if len(data) != 1 or received.time is None:
        return None
    return event_from_texts(data[0][1], received.time, raw=raw)


def header_attributes(received: Received) -> dict[str, Any]:
    """What a header says that no field of an event holds."""
    attributes: dict[str, Any] = {}
    if received.priority is not None:
        attributes["facility"] = FACILITIES[received.priority >> 3]
    if received.process:
        attributes["process_id"] = received.process
    if received.kind:
        attributes["message_id"] = received.kind
    if received.structured:
        _add_structured(received, attributes)
    return attributes


def _add_structured(received: Received, attributes: dict[str, Any]) -> None:
    for element, pairs in received.data:
        if not pairs:
            attributes[element] = ""
        named = {f"{element}.{name}": value for name, value in pairs}
        if len(named) < len(pairs):
            # The standard lets a parameter occur more than once.
            for key in named:
                named[key] = ",".join([value for name, value in pairs if f"{element}.{name}" == key])
        attributes |= named
