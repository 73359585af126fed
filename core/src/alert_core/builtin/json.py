"""The format `json`: one JSON object per record."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from pydantic import AfterValidator, Field, field_validator

from alert_core.builtin._flat import Keys, mappable
from alert_core.components import Context, Format
from alert_core.model import EVENT_FIELDS, Event, unparsed
from alert_core.projection import BlockDecoder, Projection
from alert_core.settings import Settings

__all__ = ["JsonFormat", "JsonSettings", "Mapping"]

# What the core fills in itself; a record's key of that name is an attribute.
_OWN = frozenset({"id", "source", "raw", "flags"})
_FIELDS = EVENT_FIELDS - _OWN
_INTEGERS = frozenset({"source_port", "destination_port"})
_Time = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """What a schema calls the fields of an event; a format may bring one, which the settings then add to.

    Attributes:
        fields: Event field = keys, the first that leads to something counts.
        values: Event field = what is written, in lower case = what is meant.
        default_type: The type of records that do not say one.
    """

    fields: typing.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: typing.Mapping[str, typing.Mapping[str, str]] = field(default_factory=dict)
    default_type: str = "event"


class JsonSettings(Settings):
    """Where in the object things are."""

    fields: Annotated[dict[str, Keys], AfterValidator(mappable)] = Field(
        default_factory=dict,
        title="Field mapping",
        description=(
            "Event field = key in the record, or several keys of which the first that is there counts. Dots reach into nested "
            "objects, numbers into lists. A field that is not named here is taken from the key of its own name. "
            "Map `id` to the sender's own identity for a record, if it has one that is never used twice."
        ),
        examples=[{"time": "@timestamp", "computer": ["host.name", "host.ip"]}],
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        title="Value mapping",
        description="Event field = what is written = what is meant, for fields that use numbers or words of their own.",
        examples=[{"severity": {"1": "major", "2": "minor", "3": "low"}}],
    )
    default_type: str = Field(
        default="",
        title="Default type",
        description="The type of records that do not say one; empty: `event`, or the name of the schema.",
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


class JsonFormat(Format[JsonSettings]):
    """One JSON object per record; keys that are event fields go there, all others become attributes.

    Times are ISO 8601, or seconds since 1970, or milliseconds where as seconds they would be beyond the year 9999. A record
    without a readable time is kept as `unparsed`.
    """

    name = "json"
    label = "JSON object per line"
    mapping: ClassVar[Mapping | None] = None
    """The schema of the records; without one, a key that is called like an event field fills it."""

    def __init__(self, settings: JsonSettings, context: Context) -> None:
        super().__init__(settings, context)
        schema = self.mapping or Mapping()
        self._fields = {**schema.fields, **settings.fields}
        self._own_names = _FIELDS - self._fields.keys() if self.mapping is None else frozenset[str]()
        self._default_type = settings.default_type or schema.default_type
        self._meanings = {
            name: {
                **schema.values.get(name, {}),
                **{written.lower(): meant for written, meant in settings.values.get(name, {}).items()},
            }
            for name in schema.values.keys() | settings.values.keys()
        }

    @cached_property
    def _zone(self) -> Any:
        return UTC if self.settings.timezone == "UTC" else ZoneInfo(self.settings.timezone)

    @classmethod
    def recognises(cls, text: str) -> bool:
        return text.startswith("{")

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
        return _event(time, values, content, record, self._default_type)

    def _mapped(self, content: dict[str, Any]) -> dict[str, Any]:
        """The values of event fields; what is taken leaves `content`, whose rest are the attributes."""
        values = {name: _first(content, keys) for name, keys in self._fields.items()}
        for name in self._own_names:
            if name in content:
                values[name] = content.pop(name)
        for keys in self._fields.values():
            content.pop(keys[0], None)
        for name, meanings in self._meanings.items():
            if (meant := meanings.get(_text(values.get(name)).lower())) is not None:
                values[name] = meant
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
        wanted = frozenset((*projection.fields, "time", "type", "count"))
        keys = {name: self._fields[name][0] if name in self._fields else name for name in wanted}
        hidden = {paths[0] for name, paths in self._fields.items() if name not in wanted}
        single = all(len(self._fields[name]) == 1 for name in wanted & self._fields.keys())
        plain = single and self.mapping is None and not self._meanings.keys() & wanted
        plain = plain and not projection.whole and not _OWN & wanted and not hidden & set(keys.values())
        if not plain or any("." in key for key in keys.values()) or len(set(keys.values())) < len(keys):
            return None
        struct = projection.define(keys, default_type=self._default_type)
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


def _reach(content: typing.Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or at a key that itself has dots."""
    if path in content:
        return content[path]
    value: Any = content
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if part.isdecimal() and int(part) < len(value) else None
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return value


def _first(content: typing.Mapping[str, Any], paths: Sequence[str]) -> Any:
    """What stands at the first path that leads to something."""
    return next((value for path in paths if (value := _reach(content, path)) not in (None, "")), None)


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
