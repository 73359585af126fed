"""What `cef` and `leef` have in common: a record that begins with a mark, perhaps behind a syslog header."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from alert_core.builtin._flat import Fields, FlatSettings, severity_of, stamp_reader
from alert_core.builtin.syslog import SEVERITIES, header_attributes
from alert_core.components import Context, Format
from alert_core.model import Event, unparsed
from alert_core.wire.syslog import Received, SyslogReader

__all__ = ["MarkedFormat", "scaled"]

SCALE = ((0, "information"), (3, "low"), (6, "minor"), (8, "major"))
"""0 to 10, as both formats number severities; CEF calls these steps low (from 0), medium, high and very high."""


class MarkedFormat(Format[FlatSettings]):
    """A record with a mark, whose keys fill fields.

    Attributes:
        mark: What a record begins with.
        mapping: Event field = the keys that fill it, the first choice first.
    """

    mark: ClassVar[str]
    mapping: ClassVar[Mapping[str, Sequence[str]]]

    def __init__(self, settings: FlatSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._stamps = stamp_reader(settings)
        self._reader = SyslogReader(self._stamps)
        self._fields = Fields({**self.mapping, **settings.fields})

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        self._stamps.refresh()
        return [self._decode(record) for record in records]

    @classmethod
    def recognises(cls, text: str) -> bool:
        # Behind a longer header the format `syslog` finds it, which knows where the header ends.
        return text.startswith(cls.mark) or (text[:1] == "<" and f">{cls.mark}" in text[:10])

    def _decode(self, record: bytes) -> Event:
        raw = str(record, "utf-8", "replace")
        header: Received | None = None
        text = raw
        if not raw.startswith(self.mark):
            header = self._reader.read(raw)
            place = header.text.find(self.mark)
            if place < 0:
                return unparsed(record, f"no {self.mark!r} in it")
            text = header.text[place:]
        try:
            return self._event(text.rstrip("\0\r\n"), header, raw)
        except ValueError as error:
            return unparsed(record, str(error))

    @abstractmethod
    def _event(self, text: str, header: Received | None, raw: str) -> Event:
        """The event of what begins with the mark.

        Raises:
            ValueError: It cannot be read.
        """

    def _completed(self, fields: dict[str, Any], attributes: dict[str, Any], header: Received) -> dict[str, Any]:
        """The attributes, with those of the header, which also fills what fields are open."""
        if header.host:
            fields.setdefault("computer", header.host)
            fields.setdefault("server", header.host)
        if header.priority is not None:
            fields.setdefault("severity", SEVERITIES[header.priority & 7])
        return header_attributes(header) | attributes


@lru_cache(maxsize=256)
def scaled(text: str) -> str | int | float:
    """The severity that a word or a number from 0 to 10 means."""
    return severity_of(text, SCALE)
