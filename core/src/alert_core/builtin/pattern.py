"""The format `pattern`: lines of text, told apart by regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from alert_core.builtin._regex import compile_regex, required_text
from alert_core.components import Context, Format
from alert_core.model import EVENT_FIELDS, UNKNOWN_TIME, Event, unparsed
from alert_core.settings import Settings

__all__ = ["Pattern", "PatternFormat", "PatternSettings"]

# What the core fills in itself; a group of that name becomes an attribute.
_OWN = frozenset({"id", "source", "raw", "flags"})
_FIELDS = EVENT_FIELDS - _OWN
_RANGES = {"count": (1, 2**31 - 1), "source_port": (0, 65535), "destination_port": (0, 65535)}

SEARCHED_CHARACTERS = 64 * 1024
"""A longer line is searched only so far."""


class Pattern(Settings):
    """One kind of line."""

    regex: str = Field(
        min_length=1,
        title="Regular expression",
        description=(
            "Python syntax, looked for anywhere in the line. A named group that is called like an event field, such as "
            "`(?P<computer>...)`, fills that field; any other becomes an attribute. `time` is read with the time format."
        ),
        examples=[r"sshd\[\d+\]: Failed password for (?P<user>.*) from (?P<computer>\S+) port \d+ ssh2$"],
    )
    type: str = Field(min_length=1, title="Type", description="The type of the events that these lines become.")
    fields: dict[str, str] = Field(
        default_factory=dict,
        title="Field mapping",
        description="Event field or attribute = named group, for groups that are called otherwise.",
        examples=[{"computer": "rhost"}],
    )
    constants: dict[str, str | int | float] = Field(
        default_factory=dict,
        title="Constants",
        description="Event field or attribute = value, the same for all these lines; a group that matched goes before.",
        examples=[{"severity": "major"}],
    )

    @field_validator("regex")
    @classmethod
    def _usable(cls, value: str) -> str:
        compile_regex(value)
        return value

    @field_validator("fields", "constants")
    @classmethod
    def _not_own(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if name in _OWN:
                raise ValueError(f"{name!r} is filled in by alert and cannot be set")
        return value

    @field_validator("constants")
    @classmethod
    def _fitting(cls, value: dict[str, str | int | float]) -> dict[str, str | int | float]:
        for name, constant in value.items():
            if name in ("time", "type"):
                raise ValueError(f"{name!r} cannot be a constant")
            if name in _RANGES and _number(name, str(constant)) is None:
                low, high = _RANGES[name]
                raise ValueError(f"{name!r} must be a whole number from {low} to {high}")
            if name in _FIELDS - _RANGES.keys() - {"severity"} and not isinstance(constant, str):
                raise ValueError(f"{name!r} must be text")
        return value

    @model_validator(mode="after")
    def _known_groups(self) -> Self:
        groups = compile_regex(self.regex).groupindex
        for name, group in self.fields.items():
            if group not in groups:
                raise ValueError(
                    f"field {name!r} is taken from {group!r}, but the regular expression has no group of that name"
                )
        return self


class PatternSettings(Settings):
    """Which lines there are, and how they write the time."""

    patterns: tuple[Pattern, ...] = Field(
        default=(),
        title="Patterns",
        description="Tried from first to last; the first that is found in a line decides.",
    )
    time_format: str = Field(
        default="syslog",
        title="Time format",
        description=(
            "How a line begins: `syslog` (`Dec 10 06:55:46`), `iso8601`, `epoch` (seconds, or smaller units, since 1970), "
            "or a strptime format such as `%d/%b/%Y:%H:%M:%S %z`. A group `time` in a pattern takes the time from elsewhere. "
            "`none`: lines have no time; what they came in gives it."
        ),
    )
    year: int | Literal["nearest"] | None = Field(
        default=None,
        title="Year",
        description=(
            "The year of times that do not say one. `nearest` takes the one that is nearest to now, at most a month "
            "ahead, for logs that are being written; reading one again eleven months later would give another year."
        ),
        examples=[2015],
    )
    year_begins: int = Field(
        default=1,
        ge=1,
        le=12,
        title="First month",
        description="The month in which `year` begins, for logs that run past New Year: with 7 it is July until June.",
    )
    timezone: str = Field(
        default="UTC",
        title="Time zone",
        description="The zone of times that do not say one, such as `Europe/Berlin` or `+02:00`.",
    )
    other_type: str = Field(
        default="log",
        min_length=1,
        title="Type of other lines",
        description="The type of lines that have a time but match no pattern.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from alert_core.wire.times import parse_zone

        parse_zone(value)
        return value

    @field_validator("year")
    @classmethod
    def _possible_year(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, int) and not 1970 <= value <= 9998:
            raise ValueError("must be from 1970 to 9998")
        return value

    @model_validator(mode="after")
    def _year_is_known(self) -> Self:
        from alert_core.wire.times import lacks_year

        if self.time_format != "none" and lacks_year(self.time_format) and self.year is None:
            raise ValueError(
                f"times of format {self.time_format!r} do not say the year; set year to it, such as 2015, "
                'or to "nearest" for a log that is being written'
            )
        return self


class PatternFormat(Format[PatternSettings]):
    """Lines of text, told apart by regular expressions whose named groups become the fields of the event.

    A line that matches no pattern becomes an event of type `log`, one without a readable time is kept as `unparsed`.
    """

    name = "pattern"
    label = "Text lines by regular expression"

    def __init__(self, settings: PatternSettings, context: Context) -> None:
        from alert_core.wire.times import TimeReader, parse_zone

        super().__init__(settings, context)
        self._times = TimeReader(
            "iso8601" if settings.time_format == "none" else settings.time_format,
            parse_zone(settings.timezone),
            year=settings.year if isinstance(settings.year, int) else None,
            year_begins=settings.year_begins,
        )
        self._read_time = _no_time if settings.time_format == "none" else self._times.read
        self._matchers = [_Matcher(pattern, self._read_time) for pattern in settings.patterns]

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        self._times.refresh()
        return [self._decode(record) for record in records]

    def _decode(self, record: bytes) -> Event:
        line = record.decode("utf-8", "replace").rstrip("\r\n")
        searched = line[:SEARCHED_CHARACTERS]
        try:
            for matcher in self._matchers:
                if matcher.required in searched and (match := matcher.search(searched)):
                    return matcher.event(match, line)
            return Event(time=self._read_time(line), type=self.settings.other_type, raw=line)
        except ValueError as error:
            return unparsed(record, str(error))


def _no_time(_: str) -> datetime:
    return UNKNOWN_TIME


class _Matcher:
    """A pattern, ready for work.

    Attributes:
        required: A text without which there is no match.
        search: Finds the first match.
    """

    def __init__(self, pattern: Pattern, read_time: Callable[[str], Any]) -> None:
        regex = compile_regex(pattern.regex)
        self.required = required_text(regex)
        self.search = regex.search
        self._read_time = read_time
        self._fields: dict[str, Any] = {"type": pattern.type}
        self._attributes: dict[str, Any] = {}
        for name, value in pattern.constants.items():
            if name in _FIELDS:
                self._fields[name] = int(value) if name in _RANGES else value
            else:
                self._attributes[name] = value
        targets = _targets(regex, pattern.fields)
        self._time = next((index for name, index in targets if name == "time"), None)
        self._texts = [pair for pair in targets if pair[0] in _FIELDS - _RANGES.keys() - {"time", "severity"}]
        self._numbers = [pair for pair in targets if pair[0] in _RANGES or pair[0] == "severity"]
        self._others = [pair for pair in targets if pair[0] not in _FIELDS]

    def event(self, match: re.Match[str], line: str) -> Event:
        """The event of a line.

        Raises:
            ValueError: It has no readable time.
        """
        groups = match.groups()
        fields, attributes = self._fields.copy(), self._attributes.copy()
        for name, index in self._texts:
            if groups[index]:
                fields[name] = groups[index]
        for name, index in self._others:
            if groups[index] is not None:
                attributes[name] = groups[index]
        for name, index in self._numbers:
            if groups[index]:
                _put_number(name, groups[index], fields, attributes)
        stamp = line if self._time is None else groups[self._time] or ""
        return Event(time=self._read_time(stamp), attributes=attributes, raw=line, **fields)


def _targets(regex: re.Pattern[str], fields: dict[str, str]) -> list[tuple[str, int]]:
    """What each named group fills, with the place of the group among all groups."""
    taken = set(fields.values())
    own = [(name, index - 1) for name, index in regex.groupindex.items() if name not in taken and name not in fields]
    return own + [(name, regex.groupindex[group] - 1) for name, group in fields.items()]


def _put_number(name: str, text: str, fields: dict[str, Any], attributes: dict[str, Any]) -> None:
    """Fill a field that holds a number; what is no fitting number is kept as an attribute."""
    number = _number(name, text)
    if name == "severity":
        fields[name] = text if number is None else number
    elif number is None:
        attributes[name] = text
    else:
        fields[name] = number


def _number(name: str, text: str) -> int | None:
    low, high = _RANGES.get(name, (0, 2**31 - 1))
    try:
        number = int(text)
    except ValueError:
        return None
    return number if low <= number <= high else None
