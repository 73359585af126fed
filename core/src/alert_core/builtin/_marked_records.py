"""What is done with records that begin with a mark: what the work of `cef` and of `leef` have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from alert_core.builtin._flat import Fields, FlatSettings, finished, severity_of, stamp_reader
from alert_core.builtin._marked import SCALE, MarkedFormat
from alert_core.builtin._syslog_records import header_attributes
from alert_core.builtin.syslog import SEVERITIES
from alert_core.model import EVENT_FIELDS, Event, unparsed
from alert_core.projection import BlockDecoder, Projection
from alert_core.wire.own import VENDOR
from alert_core.wire.syslog import Received, SyslogReader

__all__ = ["MarkedRecords", "scaled"]

_OTHERWISE = frozenset({"id", "source", "raw", "flags"})
# A larger count is no count.
_MOST = 1_000_000_000


class MarkedRecords(ABC):
    """Reads records with a mark.

    Args:
        cls: The format, which says the mark and what fills which fields.
        settings: Those of the format.
    """

    def __init__(self, cls: type[MarkedFormat], settings: FlatSettings) -> None:
        self._name, self._mark = cls.name, cls.mark
        self._mapping = {**cls.mapping, **settings.fields}
        self._stamps = stamp_reader(settings)
        self._reader = SyslogReader(self._stamps)
        self._fields = Fields(self._mapping)

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        """One event per record, in order."""
        self._stamps.refresh()
        return [self._decode(record) for record in records]

    def _decode(self, record: bytes) -> Event:
        raw = str(record, "utf-8", "replace")
        try:
            text, header = self._cut(raw)
            return self._event(text, header, raw)
        except ValueError as error:
            return unparsed(record, str(error))

    def _cut(self, raw: str) -> tuple[str, Received | None]:
        """What begins with the mark, and the header before it, if there is one.

        Raises:
            ValueError: There is no mark.
        """
        if raw.startswith(self._mark):
            return raw.rstrip("\0\r\n"), None
        header = self._reader.read(raw)
        place = header.text.find(self._mark)
        if place < 0:
            raise ValueError(f"no {self._mark!r} in it")
        return header.text[place:], header

    @abstractmethod
    def _event(self, text: str, header: Received | None, raw: str) -> Event:
        """The event of what begins with the mark.

        Raises:
            ValueError: It cannot be read.
        """

    @abstractmethod
    def _said(self, parts: Any, fields: Fields) -> tuple[datetime | None, dict[str, Any]]:
        """The time and the fields that a record says, given what `split` gives; what they use up leaves its values.

        Raises:
            ValueError: The time cannot be read.
        """

    @staticmethod
    @abstractmethod
    def split(text: str) -> Any:
        """The parts of a record, the header first and the values second.

        Raises:
            ValueError: It cannot be read.
        """

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        """Straight into the projection, if no attribute is wanted."""
        wanted = frozenset(projection.fields)
        if projection.whole or projection.numeric or not wanted <= EVENT_FIELDS - _OTHERWISE or self._fields.ambiguous:
            return None
        mapping = self._mapping
        some = Fields({name: mapping[name] for name in mapping if name in wanted | {"time", "type", "count"}})
        struct, names = projection.struct, projection.fields

        def decode(block: bytes) -> Sequence[Any]:
            self._stamps.refresh()
            return [row(line) for line in str(block, "utf-8").split("\n") if line and not line.isspace()]

        def row(line: str) -> Any:
            try:
                text, header = self._cut(line)
                parts = self.split(text)
                time, said = self._said(parts, some)
            except ValueError as error:
                raise msgspec.ValidationError(str(error)) from None
            if header is not None:
                _fill(said, header)
                time = time or header.time
            if time is None or parts[0][1] == VENDOR or said.get("count", 1) > _MOST:
                raise msgspec.ValidationError("left to the whole event")
            known = {name: said[name] for name in names if name in said}
            return struct(time=time, type=said.get("type", self._name), count=said.get("count", 1), **known)

        return decode

    def _finished(
        self, time: datetime | None, fields: dict[str, Any], attributes: dict[str, Any], *, header: Received | None, raw: str
    ) -> Event:
        """The event, with what the header says besides."""
        if header is not None:
            _fill(fields, header)
            attributes = header_attributes(header) | attributes
            time = time or header.time
        return finished(time, fields=fields, attributes=attributes, default_type=self._name, raw=raw)


def _fill(fields: dict[str, Any], header: Received) -> None:
    """Fill what a record leaves open from the header before it."""
    if header.host:
        fields.setdefault("computer", header.host)
        fields.setdefault("server", header.host)
    if header.priority is not None:
        fields.setdefault("severity", SEVERITIES[header.priority & 7])


@lru_cache(maxsize=256)
def scaled(text: str) -> str | int | float:
    """The severity that a word or a number from 0 to 10 means."""
    return severity_of(text, SCALE)
