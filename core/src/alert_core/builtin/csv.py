"""The format `csv`: cells between delimiters, with the names of the columns in a header line or in the settings."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from alert_core.builtin._flat import RANGES, Fields, FlatSettings, finished, severity_of, stamp_reader
from alert_core.components import Context, Format
from alert_core.model import EVENT_FIELDS, HEADER, UNKNOWN_TIME, Event, unparsed

if TYPE_CHECKING:
    from alert_core.wire.times import TimeReader

__all__ = ["CsvFormat", "CsvSettings"]

_NAMES = {"comma": ",", "tab": "\t", "\\t": "\t", "semicolon": ";", "pipe": "|", "space": " "}
_TIMES = ("time", "timestamp", "@timestamp", "datetime", "date")
_IDENTITY = {name: (name,) for name in EVENT_FIELDS - {"id", "source", "raw", "flags", "time"} - RANGES.keys()} | {
    name: (name,) for name in RANGES
}
_REST = "rest"


def _character(value: object) -> object:
    return _NAMES.get(value, value) if isinstance(value, str) else value


class CsvSettings(FlatSettings):
    """What is said about a file of cells."""

    columns: tuple[str, ...] | str | None = Field(
        default=None,
        title="Columns",
        description=(
            "The names of the columns, in order: a list, or the header line as it stands in the file. Not set: the first line "
            "of the file is the header, and so is every later line that names the column with the time. A source that has no "
            "files, such as a receiver, needs the columns."
        ),
        examples=["Date,Host,User,Action"],
    )
    delimiter: Annotated[str, BeforeValidator(_character)] = Field(
        default=",",
        min_length=1,
        max_length=1,
        title="Delimiter",
        description="What stands between two cells: one character, or `tab`, `semicolon`, `pipe` or `space`.",
    )
    quote: str = Field(
        default='"',
        max_length=1,
        title="Quote",
        description="What stands around a cell that has a delimiter in it. Empty: nothing.",
    )
    escape: str = Field(
        default="",
        max_length=1,
        title="Escape",
        description="What stands before a quote inside a cell. Empty: the quote is doubled.",
    )
    comment: str = Field(
        default="", title="Comment", description="What a line begins with that is no record, such as `#`. Empty: nothing."
    )
    time_format: str = Field(
        default="auto",
        title="Time format",
        description="`auto`, `iso8601`, `epoch`, `syslog`, or a strptime format such as `%d/%m/%Y %H:%M:%S`.",
    )
    default_type: str = Field(
        default="event", min_length=1, title="Default type", description="The type of records that do not say one."
    )

    @field_validator("delimiter", "quote", "escape")
    @classmethod
    def _no_line_end(cls, value: str) -> str:
        if value in ("\n", "\r"):
            raise ValueError("a line end cannot be told from the end of a record")
        return value

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.time_format != "auto":
            from alert_core.wire.times import lacks_year

            lacks_year(self.time_format)
        if self.delimiter in (self.quote, self.escape):
            raise ValueError("the delimiter is the quote or the escape as well")
        names = _header(self)
        if names is not None and len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        return self


class CsvFormat(Format[CsvSettings]):
    """Cells between delimiters: columns that are called like an event field fill it, all others become attributes.

    A header line becomes an event of type `header`, which no condition sees that does not ask for it.
    """

    name = "csv"
    label = "CSV with a header or given columns"

    def __init__(self, settings: CsvSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._stamps = stamp_reader(settings)
        self._fields = Fields({**_IDENTITY, "time": _TIMES, **settings.fields})
        self._given = _header(settings)
        self._columns = self._given
        self._cells = _splitter(settings)
        self._times: TimeReader | None = None
        if settings.time_format != "auto":
            from alert_core.wire.times import TimeReader, parse_zone

            zone = parse_zone(settings.timezone)
            self._times = TimeReader(settings.time_format, zone, year=settings.year, year_begins=1)

    @property
    def headed(self) -> bool:
        """Whether the columns are learned."""
        return self._given is None

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        self._stamps.refresh()
        if self._times is not None:
            self._times.refresh()
        return [self._decode(record) for record in records]

    def _decode(self, record: bytes) -> Event:
        raw = str(record, "utf-8", "replace")
        line = raw.rstrip("\r\n").lstrip("\ufeff")
        comment = self.settings.comment
        try:
            cells = self._cells(line)
        except csv.Error as error:
            return unparsed(record, f"not CSV: {error}")
        if (comment and line.startswith(comment)) or self._is_header(cells):
            return Event(time=UNKNOWN_TIME, type=HEADER, raw=raw, message=line)
        if self._columns is None:
            return unparsed(record, "no header line came before it, and columns are not set")
        if len(cells) < len(self._columns):
            return unparsed(record, f"{len(cells)} cells instead of {len(self._columns)}")
        values = dict(zip(self._columns, cells, strict=False))
        if len(cells) > len(self._columns):
            values[_REST] = self.settings.delimiter.join(cells[len(self._columns) :])
        try:
            return self._event(values, raw)
        except ValueError as error:
            return unparsed(record, str(error))

    def _is_header(self, cells: list[str]) -> bool:
        """Whether these are the names of the columns, which are learned from there if none are given."""
        if self._given is not None:
            return cells[0].strip() == self._given[0] and _names(cells) == self._given
        if self._columns is not None and not self._names_the_time(cells):
            return False
        names = _names(cells)
        if len(set(names)) < len(names) or not self._names_the_time(names):
            return False
        self._columns = names
        return True

    def _names_the_time(self, cells: Sequence[str]) -> bool:
        return any(key in cells for key in self._fields.time)

    def _event(self, values: dict[str, str], raw: str) -> Event:
        if self._times is None:
            time = self._fields.take_time(values, self._stamps)
        else:
            key = next((key for key in self._fields.time if values.get(key)), None)
            time = None if key is None else self._times.read(values[key])
            if key is not None and key == self._fields.time[0]:
                del values[key]
        fields = self._fields.take(values)
        if "severity" in fields:
            fields["severity"] = severity_of(fields["severity"])
        return finished(time, fields=fields, attributes=values, default_type=self.settings.default_type, raw=raw)


def _header(settings: CsvSettings) -> tuple[str, ...] | None:
    if isinstance(settings.columns, str):
        return _names(_splitter(settings)(settings.columns))
    return settings.columns


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple([cell.strip() for cell in cells])


def _splitter(settings: CsvSettings) -> Callable[[str], list[str]]:
    """What cuts a line into cells."""
    delimiter, quote, escape = settings.delimiter, settings.quote, settings.escape
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE

    def cells(line: str) -> list[str]:
        if not (quote and quote in line) and not (escape and escape in line):
            return line.split(delimiter)
        reader = csv.reader(
            [line],
            delimiter=delimiter,
            quotechar=quote or None,
            escapechar=escape or None,
            doublequote=not escape,
            quoting=quoting,
        )
        return next(reader, [""])

    return cells
