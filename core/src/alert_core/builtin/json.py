"""The format `json`: one JSON object per record."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from pydantic import AfterValidator, Field, field_validator

from alert_core.builtin._flat import Keys, mappable
from alert_core.builtin._objects import content_of, fields_of, finder, number_of, text_of
from alert_core.components import Context, Format
from alert_core.model import EVENT_FIELDS, Event, unparsed
from alert_core.settings import Settings

if TYPE_CHECKING:
    from alert_core.projection import BlockDecoder, Projection

__all__ = ["JsonFormat", "JsonSettings", "Mapping"]

# What the core fills in itself; a record's key of that name is an attribute.
_OWN = frozenset({"id", "source", "raw", "flags"})
_FIELDS = EVENT_FIELDS - _OWN
# A larger count is no count.
_MOST = 1_000_000_000
_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_keys_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


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


class _InOrder:
    """Decodes blocks into a struct whose fields are in the order of the first record's keys, which is that of most records.

    Args:
        define: Makes the struct for an order of keys.
    """

    def __init__(self, define: Callable[[Iterable[str]], type[msgspec.Struct]]) -> None:
        self._define = define
        self._decode: BlockDecoder | None = None

    def __call__(self, block: bytes) -> Sequence[Any]:
        if self._decode is None:
            first = block.lstrip().partition(b"\n")[0]
            order = _keys_decoder.decode(first) if first else ()
            self._decode = msgspec.json.Decoder(self._define(order), strict=False).decode_lines
        return self._decode(block)


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
        self._finders = {name: finder(keys) for name, keys in self._fields.items()}
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
            content = content_of(record)
        except (msgspec.DecodeError, RecursionError) as error:
            return unparsed(record, f"not JSON: {error}")
        if not isinstance(content, dict):
            return unparsed(record, "not a JSON object")
        values = self._mapped(content)
        try:
            time = self._time(values.pop("time", None))
        except ValueError as error:
            return unparsed(record, str(error))
        fields = fields_of(values, self._default_type)
        return Event(time=time, attributes=content, raw=record.decode("utf-8", "replace"), **fields)

    def _mapped(self, content: dict[str, Any]) -> dict[str, Any]:
        """The values of event fields; what is taken leaves `content`, whose rest are the attributes."""
        own_names = self._own_names & content.keys()
        values = self._values(content, self._finders, own_names)
        for name in own_names:
            del content[name]
        for keys in self._fields.values():
            content.pop(keys[0], None)
        return values

    def _values(
        self, content: dict[str, Any], finders: typing.Mapping[str, Callable[[Any], Any]], own_names: Iterable[str]
    ) -> dict[str, Any]:
        values = {name: find(content) for name, find in finders.items()}
        for name in own_names:
            if name in content:
                values[name] = content[name]
        for name, meanings in self._meanings.items():
            if name in values and (meant := meanings.get(text_of(values[name]).lower())) is not None:
                values[name] = meant
        return values

    def _time(self, value: Any) -> datetime:
        """What the block decoder reads as a time, and more: milliseconds, and times without a zone."""
        with suppress(msgspec.ValidationError):
            return msgspec.convert(value, _Time, strict=False)
        try:
            milliseconds = number_of(value)
            if milliseconds is not None:
                return msgspec.convert(milliseconds / 1000, _Time, strict=False)
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError("no time" if value is None else f"unreadable time {str(value)[:64]!r}") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        """Straight into the projection, if all keys are at the top level; else through the objects that hold them."""
        wanted = frozenset((*projection.fields, "time", "type", "count"))
        keys = {name: self._fields[name][0] if name in self._fields else name for name in wanted}
        hidden = {paths[0] for name, paths in self._fields.items() if name not in wanted}
        single = all(len(self._fields[name]) == 1 for name in wanted & self._fields.keys())
        plain = single and self.mapping is None and not self._meanings.keys() & wanted
        plain = plain and not projection.whole and not _OWN & wanted and not hidden & set(keys.values())
        if not plain or any("." in key for key in keys.values()) or len(set(keys.values())) < len(keys):
            return self._partly(projection, wanted)
        return _InOrder(lambda order: projection.define(keys, default_type=self._default_type, order=order))

    def _partly(self, projection: Projection, wanted: frozenset[str]) -> BlockDecoder | None:
        """Decodes no more of a record than the keys at its top level in which something wanted may be."""
        if projection.whole or projection.numeric or not wanted <= _FIELDS:
            return None
        finders = {name: self._finders[name] for name in wanted & self._fields.keys()}
        own_names = wanted & self._own_names
        keys = {key for name in finders for path in self._fields[name] for key in (path, path.split(".")[0])} | own_names
        typed_dict: Any = typing.TypedDict
        decode_lines = msgspec.json.Decoder(typed_dict("Partly", dict.fromkeys(keys, Any), total=False)).decode_lines
        struct, names = projection.struct, projection.fields

        def decode(block: bytes) -> Sequence[Any]:
            rows = []
            for content in decode_lines(block):
                values = self._values(content, finders, own_names)
                try:
                    time = self._time(values.pop("time", None))
                except ValueError as error:
                    raise msgspec.ValidationError(str(error)) from None
                said = fields_of(values, self._default_type)
                if said["count"] > _MOST or not isinstance(time.tzinfo, timezone):
                    raise msgspec.ValidationError("left to the whole event")
                some = {name: said[name] for name in names if name in said}
                rows.append(struct(time=time, type=said["type"], count=said["count"], **some))
            return rows

        return decode
