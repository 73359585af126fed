"""From the columns of a record to its event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alert_core import Event
from alert_core.model import UNKNOWN_TIME
from alert_core.wire.stamps import StampReader
from alert_sepm._columns import Columns
from alert_sepm._header import Header
from alert_sepm._languages import Languages
from alert_sepm.tables import FIELDS, FINER, ON_THE_SERVER, RENAMED, SEVERITIES, TIMES, TYPES

__all__ = ["EventMaker", "message_of"]

_MOST, _LONGEST_COUNT = 2**31 - 1, 10
_HIGHEST_PORT, _LONGEST_PORT = 65535, 5
_REMEMBERED = 4096


class EventMaker:
    """Makes events.

    Args:
        languages: The words that there are.
        stamps: Reads the times inside records.
        severities: Type, or type and action -> severity; goes before what a record says.
    """

    def __init__(self, languages: Languages, stamps: StampReader, severities: Mapping[str, str]) -> None:
        self._languages, self._stamps = languages, stamps
        self._inbound = languages.sets["inbound"]
        self._given = dict(severities)
        self._times: dict[str, datetime | None] = {}

    def make(self, columns: Columns, header: Header, raw: str) -> Event:
        """The event of a record."""
        log, values = columns.layout.name, columns.values
        time = self.take_time(values) or header.time or UNKNOWN_TIME
        filled, attributes = self.fill(columns, header)
        if not filled.get("message"):
            filled["message"] = message_of(log, filled, values)
        return Event(time=time, attributes=attributes, raw=raw, **filled)

    def fill(self, columns: Columns, header: Header, *, lean: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
        """The fields of the event, without its time, and its attributes.

        Args:
            columns: What the record says.
            header: What stands before it.
            lean: Whether nobody wants to know the server or any attribute.
        """
        log, values = columns.layout.name, columns.values
        attributes: dict[str, Any] = {} if lean else {"log": log, **header.attributes}
        filled: dict[str, Any] = {"type": self._type(log, values)}
        fields, renamed = FIELDS[log], RENAMED.get(log)
        for key, value in values.items():
            field = fields.get(key)
            if field is not None:
                filled[field] = value
            else:
                attributes[renamed.get(key, key) if renamed else key] = value
        if columns.layout.network:
            self._direct(filled, values)
        _take_count(filled, attributes)
        if log in ON_THE_SERVER:
            filled["computer"] = filled["server"] = filled.get("server") or header.host
        elif "server" not in filled and not lean:
            filled["server"] = header.host
        if "detection_submissions" in attributes:
            # A column whose name stands in front of its value without a colon.
            attributes["detection_submissions"] = attributes["detection_submissions"].removeprefix("Detection Submissions ")
        filled["severity"] = self._severity(filled["type"], filled.get("action", ""), header)
        if columns.truncated:
            attributes["truncated"] = True
        if columns.repeated:
            attributes["repeated"] = ", ".join(columns.repeated)
        return filled, attributes

    def take_time(self, values: dict[str, str]) -> datetime | None:
        """When it happened; what says so leaves the values."""
        for key in TIMES:
            if (text := values.get(key)) and (time := self._time(text)) is not None:
                del values[key]
                return time
        return None

    def _time(self, text: str) -> datetime | None:
        times = self._times
        if text in times:
            return times[text]
        try:
            time = self._stamps.read(text)
        except ValueError:
            time = None
        if len(times) >= _REMEMBERED:
            times.clear()
        times[text] = time
        return time

    def _type(self, log: str, values: Mapping[str, str]) -> str:
        """The type: that of the log, or a finer one if its words say so."""
        for kind, words, keys in FINER.get(log, ()):
            if any(key in values and (not words or self._languages.says(words, values[key])) for key in keys):
                return kind
        return TYPES[log]

    def _direct(self, filled: dict[str, Any], values: Mapping[str, str]) -> None:
        """Who is the source depends on the direction."""
        get = values.get
        source_address, destination_address = get("local_address", ""), get("remote_address", "")
        source_port, destination_port = get("local_port", ""), get("remote_port", "")
        if get("direction", "").lower() in self._inbound:
            source_address, destination_address = destination_address, source_address
            source_port, destination_port = destination_port, source_port
        filled["source_address"], filled["destination_address"] = source_address.rstrip("."), destination_address.rstrip(".")
        protocol = filled["protocol"] = get("protocol", "").upper()
        # Of Ethernet, this is what kind of packet it is.
        if protocol != "ETHERNET":
            filled["source_port"], filled["destination_port"] = _port(source_port), _port(destination_port)

    def _severity(self, type_: str, action: str, header: Header) -> str:
        exact = f"{type_}/{action.lower()}"
        given = self._given.get(exact) or self._given.get(type_)
        return given or header.severity or SEVERITIES.get(exact) or SEVERITIES.get(type_, "")


def _port(text: str) -> int | None:
    """A number that is one of a port; any other stays among the attributes alone."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_PORT and int(text) <= _HIGHEST_PORT else None


def _take_count(filled: dict[str, Any], attributes: dict[str, Any]) -> None:
    """The count as a number; what is none becomes an attribute."""
    text = filled.pop("count", "")
    if text.isdecimal() and len(text) <= _LONGEST_COUNT and 0 < int(text) <= _MOST:
        filled["count"] = int(text)
    elif text:
        attributes["occurrences"] = text


def message_of(log: str, filled: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """Words for people, for logs that have none of their own."""
    if log in ("risk", "proactive"):
        return ": ".join(part for part in (values.get("event", ""), filled.get("risk", "")) if part)
    if log == "scan":
        return values.get("end_message") or values.get("start_message") or values.get("state", "")
    if log in ("traffic", "packet"):
        get = values.get
        words = (
            f"{filled.get('action', '')} {get('direction', '')} {filled['protocol']} "
            f"{get('remote_address', '')} {get('remote_name', '')} {get('rule', '')}"
        )
        return " ".join(words.split())
    return ""
