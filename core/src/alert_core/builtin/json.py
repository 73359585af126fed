"""The format `json`: one JSON object per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from pydantic import Field, field_validator

from alert_core.components import Format
from alert_core.model import EVENT_FIELDS, Event, unparsed
from alert_core.projection import BlockDecoder, Projection
from alert_core.settings import Settings

__all__ = ["JsonFormat", "JsonSettings"]

# What the core fills in itself; a record's key of that name is an attribute.
_OWN = frozenset({"id", "source", "raw", "flags"})
_FIELDS = EVENT_FIELDS - _OWN
_INTEGERS = frozenset({"source_port", "destination_port"})
_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class JsonSettings(Settings):
    """Where in the object things are."""

    fields: dict[str, str] = Field(
        default_factory=dict,
        title="Field mapping",
        description=(
            "Event field = key in the record. Dots reach into nested objects. "
            "A field that is not named here is taken from the key of its own name. "
            "Map `id` to the sender's own identity for a record, if it has one that is never used twice."
        ),
        examples=[{"time": "@timestamp", "computer": "host.name"}],
    )
    default_type: str = Field(
        default="event",
        min_length=1,
        title="Default type",
        description="The type of records that do not say one.",
    )
    timezone: str = Field(
        default="UTC",
        title="Time zone",
        description="The zone of times that do not say one, such as `Europe/Berlin`.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value != "UTC" and value not in available_timezones():
            raise ValueError(f"{value!r} is not a known time zone")
        return value

    @field_validator("fields")
    @classmethod
    def _not_own(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name in _OWN - {"id"}:
                raise ValueError(f"{name!r} is filled in by alert and cannot be mapped")
        return value


class JsonFormat(Format[JsonSettings]):
    """One JSON object per record; keys that are event fields go there, all others become attributes.

    Times are ISO 8601, or seconds since 1970, or milliseconds where as seconds they would be beyond the year 9999. A record
    without a readable time is kept as `unparsed`.
    """

    name = "json"
    label = "JSON object per line"

    @cached_property
    def _zone(self) -> Any:
        return UTC if self.settings.timezone == "UTC" else ZoneInfo(self.settings.timezone)

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return [self._decode(record) for record in records]

    def _decode(self, record: bytes) -> Event:
        try:
            content = _content(record)
        except (msgspec.DecodeError, RecursionError) as error:
            return unparsed(record, f"not JSON: {error}")
        if not isinstance(content, dict):
            return unparsed(record, "not a JSON object")
        values = self._mapped(content)
        try:
            time = self._time(values.pop("time", None))
        except ValueError as error:
            return unparsed(record, str(error))
        return _event(time, values, content, record, self.settings.default_type)

    def _mapped(self, content: dict[str, Any]) -> dict[str, Any]:
        """The values of event fields; what is taken leaves `content`, whose rest are the attributes."""
        values = {name: _reach(content, key) for name, key in self.settings.fields.items()}
        for name in _FIELDS - values.keys():
            if name in content:
                values[name] = content.pop(name)
        for key in self.settings.fields.values():
            content.pop(key, None)
        return values

    def _time(self, value: Any) -> datetime:
        """What the block decoder reads as a time, and more: milliseconds, and times without a zone."""
        with suppress(msgspec.ValidationError):
            return msgspec.convert(value, _Time, strict=False)
        try:
            milliseconds = _number(value)
            if milliseconds is not None:
                return msgspec.convert(milliseconds / 1000, _Time, strict=False)
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError("no time" if value is None else f"unreadable time {str(value)[:64]!r}") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        """Straight into the projection, if all keys are at the top level."""
        keys = {name: self.settings.fields.get(name, name) for name in (*projection.fields, "time", "type", "count")}
        hidden = {key for name, key in self.settings.fields.items() if name not in keys}
        plain = not projection.whole and not _OWN & keys.keys() and not hidden & set(keys.values())
        if not plain or any("." in key for key in keys.values()) or len(set(keys.values())) < len(keys):
            return None
        struct = projection.define(keys, default_type=self.settings.default_type)
        return msgspec.json.Decoder(struct, strict=False).decode_lines


def _content(record: bytes) -> Any:
    """The object in a record. What no type can hold, such as 1e999 or half a character, stays the text that was written.

    The block decoder does not look into what it skips; here everything is kept, and must not cost the record.

    Raises:
        msgspec.DecodeError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        return msgspec.json.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        whole = record.decode("utf-8", "replace").encode()
        return {key: _value(raw) for key, raw in msgspec.json.decode(whole, type=dict[str, msgspec.Raw]).items()}


def _value(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return bytes(raw).decode()


def _reach(content: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or at a key that itself has dots."""
    if path in content:
        return content[path]
    value: Any = content
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _event(time: datetime, values: dict[str, Any], attributes: dict[str, Any], record: bytes, default_type: str) -> Event:
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if name == "severity":
            fields[name] = value if isinstance(value, str | int | float) and not isinstance(value, bool) else _text(value)
        elif name in _INTEGERS:
            fields[name] = _integer(value)
        else:
            fields[name] = _text(value)
    fields["count"] = max(1, _integer(values.get("count")) or 1)
    if values.get("type") is None:
        fields["type"] = default_type
    return Event(time=time, attributes=attributes, raw=record.decode("utf-8", "replace"), **fields)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _integer(value: Any) -> int | None:
    with suppress(msgspec.ValidationError):
        return msgspec.convert(value, int, strict=False)
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
