"""From records of the source `snmp` to events: the work of the format `snmp-trap`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from alert_core import Event, Severity, unparsed
from alert_core.model import UNKNOWN_TIME
from alert_core.wire import visible
from alert_snmp._names import FIELDS, NAMES, SEVERITIES, alert_names
from alert_snmp._record import Record, decoder
from alert_snmp.format import SnmpTrapSettings

__all__ = ["EventMaker"]

_ZONED = 11
_MAX_SUMMARY = 500
_REMEMBERED_NAMES = 4096


class EventMaker:
    """Makes events of records.

    Args:
        settings: Those of the format.
    """

    def __init__(self, settings: SnmpTrapSettings) -> None:
        own = alert_names(settings.base_oid) if settings.base_oid else {}
        self._names: Mapping[str, str] = {**NAMES, **alert_names(), **own, **settings.names}
        fields: list[tuple[str, Sequence[str]]] = [(name, [key]) for name, key in settings.fields.items()]
        self._fields = fields + [(name, keys) for name, keys in FIELDS.items() if name not in settings.fields]
        self._severities = settings.severities
        self._known: dict[str, tuple[str, str]] = {}

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        """One event per record, in order."""
        return [self._decode(record) for record in records]

    def _decode(self, raw: bytes) -> Event:
        try:
            record = decoder.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return unparsed(raw, f"not a record of the source snmp: {error}")
        attributes: dict[str, Any] = {"received_from": record.sender}
        if record.refused:
            return self._refused(record, attributes, raw)
        if not record.trap:
            event = unparsed(raw, record.fault or "no notification in it")
            return msgspec.structs.replace(event, computer=record.sender, attributes={**event.attributes, **attributes})
        return self._notified(record, attributes, raw)

    def _refused(self, record: Record, attributes: dict[str, Any], raw: bytes) -> Event:
        kind = "snmp-refused"
        return Event(
            time=UNKNOWN_TIME,
            type=kind,
            count=max(1, record.count),
            severity=self._severity(kind, "", {}),
            computer=record.sender,
            source_address=record.sender,
            message=f"refused {record.count} SNMP messages, the last from {visible(record.sender)}: {visible(record.refused)}",
            attributes={**attributes, "reason": record.refused},
            raw=raw.decode("utf-8", "replace"),
        )

    def _notified(self, record: Record, attributes: dict[str, Any], raw: bytes) -> Event:
        kind = self._names.get(record.trap, record.trap)
        objects: dict[str, Any] = {}
        for number, form, value in record.objects:
            name, instance = self._named(number)
            objects[name if name not in objects else f"{name}.{instance}"] = f"0x{value}" if form == "hex" else value
        fields: dict[str, Any] = {
            name: str(value)
            for name, keys in self._fields
            if (value := next((objects[key] for key in keys if objects.get(key) not in (None, "")), None)) is not None
        }
        fields.setdefault("computer", record.agent or record.sender)
        fields.setdefault("server", record.sender)
        fields.setdefault("message", _summary(kind, objects))
        delivery = objects.get("alertDelivery")
        return Event(
            time=_time(objects.get("alertTime")),
            type=kind,
            id=f"alert:{delivery}" if delivery else "",
            severity=self._severity(kind, record.trap, objects),
            attributes={**_about(record), **attributes, **objects},
            raw=raw.decode("utf-8", "replace"),
            **fields,
        )

    def _severity(self, kind: str, number: str, objects: Mapping[str, Any]) -> str:
        said = self._severities.get(kind) or self._severities.get(number)
        if said is not None:
            return said.value
        level = objects.get("alertSeverity")
        if isinstance(level, int) and 1 <= level <= len(Severity):
            return list(Severity)[level - 1].value
        return SEVERITIES.get(kind, "")

    def _named(self, number: str) -> tuple[str, str]:
        """The name of an object, or its number, and which of several with this name it is."""
        known = self._known.get(number)
        if known is None:
            prefix, instance = number, ""
            while prefix and prefix not in self._names:
                prefix, _, last = prefix.rpartition(".")
                instance = f"{last}.{instance}" if instance else last
            known = (self._names[prefix], instance) if prefix else (number, "again")
            if len(self._known) >= _REMEMBERED_NAMES:
                self._known.clear()
            self._known[number] = known
        return known


def _about(record: Record) -> dict[str, Any]:
    """What a message says beside its objects."""
    said = {
        "trap": record.trap,
        "snmp_version": record.version,
        "snmp_user": record.user,
        "snmp_level": record.level,
        "engine_id": record.engine,
        "context": record.context,
        "agent": record.agent,
    }
    return {**{name: value for name, value in said.items() if value}, "uptime": record.uptime, "confirmed": record.confirm}


def _summary(kind: str, objects: Mapping[str, Any]) -> str:
    """A line for people."""
    pairs = ", ".join(f"{name} = {value}" for name, value in objects.items())
    text = visible(f"{kind}: {pairs}"[: _MAX_SUMMARY * 2] if pairs else kind)
    return text if len(text) <= _MAX_SUMMARY else f"{text[: _MAX_SUMMARY - 1]}…"


def _time(value: object) -> datetime:
    """SNMPv2-TC `DateAndTime`, as our own action sends it: with the time zone, or without one in UTC."""
    try:
        said = bytes.fromhex(str(value)[2:])
        sign, hours, minutes = (1 if said[8:9] == b"+" else -1, *said[9:11]) if len(said) == _ZONED else (1, 0, 0)
        zone = timezone(sign * timedelta(hours=hours, minutes=minutes))
        month, day, hour, minute, second, tenths = said[2:8]
        moment = datetime(int.from_bytes(said[:2], "big"), month, day, hour, minute, second, tenths * 100_000, zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return UNKNOWN_TIME
