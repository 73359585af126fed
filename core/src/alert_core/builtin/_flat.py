"""From keys and texts to the fields of an event: what `csv`, `cef`, `leef` and `syslog` have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from alert_core.model import EVENT_FIELDS, UNKNOWN_TIME, Event
from alert_core.settings import Settings

if TYPE_CHECKING:
    from alert_core.wire.stamps import StampReader

__all__ = [
    "ABOUT_YEAR",
    "ABOUT_ZONE",
    "RANGES",
    "SEVERITY_WORDS",
    "Fields",
    "FlatSettings",
    "Keys",
    "Year",
    "Zone",
    "finished",
    "mappable",
    "severity_of",
    "stamp_reader",
]

# What the core fills in itself; a key of that name is an attribute. The sender's identity may be mapped, but is never guessed.
OWN = frozenset({"source", "raw", "flags"})
RANGES = {"count": (1, 2**31 - 1), "source_port": (0, 65535), "destination_port": (0, 65535)}

_TOP, _LONGEST = 10, 10

SEVERITY_WORDS: Mapping[str, str] = {
    "emergency": "critical", "emerg": "critical", "alert": "critical", "critical": "critical", "crit": "critical",
    "fatal": "critical", "panic": "critical", "very-high": "critical", "very high": "critical", "severe": "critical",
    "error": "major", "err": "major", "high": "major", "major": "major",
    "warning": "minor", "warn": "minor", "medium": "minor", "moderate": "minor", "minor": "minor",
    "notice": "low", "low": "low",
    "info": "information", "informational": "information", "information": "information", "debug": "information",
    "trace": "information", "unknown": "", "none": "",
}  # fmt: skip
"""The severity that a word means, in lower case."""


def _keys(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def mappable(value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    for name, keys in value.items():
        if name in OWN:
            raise ValueError(f"{name!r} is filled in by alert and cannot be mapped")
        if not keys or not all(keys):
            raise ValueError(f"{name!r} is mapped to an empty key")
    return value


def _zone(value: str) -> str:
    from alert_core.wire.times import parse_zone

    parse_zone(value)
    return value


Keys = Annotated[tuple[str, ...], BeforeValidator(_keys, json_schema_input_type=str | list[str])]
"""A key, or several in the order in which they are looked for."""

Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone by its name or as an offset."""

Year = Annotated[int, Field(ge=1970, le=9998)] | None
"""A year that a time may be in."""

ABOUT_ZONE = "The zone of times that do not say one, such as `Europe/Berlin` or `+02:00`."
ABOUT_YEAR = (
    "The year of times that do not say one. Not set: the one that puts them nearest to now, at most a month ahead, "
    "which is right at New Year and for eleven months; set it for what was recorded."
)


class FlatSettings(Settings):
    """What is said about records of keys and texts."""

    fields: Annotated[dict[str, Keys], AfterValidator(mappable)] = Field(
        default_factory=dict,
        title="Field mapping",
        description=(
            "Event field = key in the record, or several keys of which the first that has a value counts. It goes before the "
            "mapping of the format. Map `id` to the sender's own identity for a record, if it has one that is never used twice."
        ),
        examples=[{"computer": "shost", "user": ["duser", "suser"]}],
    )
    timezone: Zone = Field(default="UTC", title="Time zone", description=ABOUT_ZONE)
    year: Year = Field(default=None, title="Year", description=ABOUT_YEAR, examples=[2015])


def stamp_reader(settings: Any) -> StampReader:
    """What reads the times of a format with these settings."""
    from alert_core.wire.stamps import StampReader

    return StampReader(settings.timezone, year=settings.year)


class Fields:
    """Which keys fill which fields of an event.

    A key that is the first choice of a field is used up by it; all other keys become attributes, even where their value stood
    in for a missing one.

    Args:
        fields: Event field = its keys, the first choice first.

    Attributes:
        ambiguous: Whether two fields have the same first choice, so that one field says something about another.
    """

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self.time = tuple(fields.get("time", ()))
        self._numbers = [(name, tuple(fields[name])) for name in RANGES if name in fields]
        texts = {name: keys for name, keys in fields.items() if name != "time" and name not in RANGES}
        self._renamed = [(name, keys[0]) for name, keys in texts.items() if name not in EVENT_FIELDS and keys[0] != name]
        self._uses: dict[str, list[tuple[str, int]]] = {}
        for name in texts.keys() & EVENT_FIELDS:
            for rank, key in enumerate(texts[name]):
                self._uses.setdefault(key, []).append((name, rank))
        # Most columns of a table are the only one of their field.
        self._only = [(key, uses[0][0]) for key, uses in self._uses.items() if len(uses) == 1 == len(texts[uses[0][0]])]
        for key, _ in self._only:
            del self._uses[key]
        self._known = frozenset(self._uses)
        firsts = (
            [texts[name][0] for name in texts.keys() & EVENT_FIELDS] + [keys[0] for _, keys in self._numbers] + [*self.time[:1]]
        )
        self._first = frozenset(texts[name][0] for name in texts.keys() & EVENT_FIELDS)
        self.ambiguous = len(set(firsts)) < len(firsts)

    def take(self, values: dict[str, str]) -> dict[str, Any]:
        """The fields that the values fill, time excepted; what they use up leaves `values`."""
        fields: dict[str, Any] = {}
        ranks: dict[str, int] = {}
        for key, name in self._only:
            if value := values.pop(key, ""):
                fields[name] = value
        known = self._known & values.keys()
        for key in known:
            if value := values[key]:
                for name, rank in self._uses[key]:
                    if name not in fields or rank < ranks[name]:
                        fields[name], ranks[name] = value, rank
        for key in known & self._first:
            del values[key]
        for name, keys in self._numbers:
            _put_number(name, keys, fields, values)
        for name, key in self._renamed:
            if key in values:
                values[name] = values.pop(key)
        return fields

    def take_time(self, values: dict[str, str], stamps: StampReader, zone: str = "") -> datetime | None:
        """The time that the values say; `None` if they say none.

        Raises:
            ValueError: None of the values that should be a time can be read.
        """
        fault: ValueError | None = None
        for index, key in enumerate(self.time):
            if text := values.get(key):
                try:
                    time = stamps.read(text, zone)
                except ValueError as error:
                    fault = fault or error
                    continue
                if not index:
                    del values[key]
                return time
        if fault:
            raise fault
        return None


def _put_number(name: str, keys: tuple[str, ...], fields: dict[str, Any], values: dict[str, str]) -> None:
    """Fill a field that holds a number; what is no fitting number stays an attribute."""
    low, high = RANGES[name]
    for index, key in enumerate(keys):
        text = values.get(key)
        if text and text.isdecimal() and len(text) <= len(str(high)) and low <= int(text) <= high:
            fields[name] = int(text)
            if not index:
                del values[key]
            return
        if text == "" and not index:
            del values[key]


def severity_of(text: str, scale: Sequence[tuple[float, str]] = ()) -> str | int | float:
    """The severity that a word or a number means; what is neither stays as it is.

    Args:
        text: As it is written.
        scale: The largest number of each severity, in rising order, above which it is critical; none: numbers stay numbers.
    """
    word = SEVERITY_WORDS.get(text.lower())
    if word is not None:
        return word
    try:
        number = float(text)
    except ValueError:
        return text
    if scale and 0 <= number <= _TOP:
        return next((name for largest, name in scale if number <= largest), "critical")
    return int(text) if text.isdecimal() and len(text) < _LONGEST else text


def finished(
    time: datetime | None, *, fields: dict[str, Any], attributes: dict[str, Any], default_type: str, raw: str
) -> Event:
    """The event; one that has no time gets it from the core."""
    if "type" not in fields:
        fields["type"] = default_type
    return Event(time=time or UNKNOWN_TIME, attributes=attributes, raw=raw, **fields)
