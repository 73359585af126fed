"""What is done with records of the manager: the work of the format `sepm`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from alert_core import Event, unparsed
from alert_core.projection import BlockDecoder, Projection
from alert_core.wire.stamps import StampReader
from alert_sepm._header import PADDING, HeaderReader
from alert_sepm.settings import SepmFormatSettings

if TYPE_CHECKING:
    from alert_sepm._columns import ColumnReader
    from alert_sepm._events import EventMaker
    from alert_sepm._languages import Languages

__all__ = ["Records", "recognised"]

_LIKELY = re.compile(
    r",Risk name: |,CIDS Signature SubID: |,Local Host IP: |^Site: [^,]*,Server(?: Name)?: |^Scan ID: \d+,Begin|,Category: \d+,"
    r"|,Action Type: [^,]*,File size \(bytes\): "
)


def recognised(text: str) -> bool:
    """Whether it can only be one of these records."""
    return "SymantecServer" in text[:256] or _LIKELY.search(text) is not None or text.startswith('{"eventId"')


class Records:
    """Reads records of all logs.

    Args:
        settings: Those of the format.
    """

    def __init__(self, settings: SepmFormatSettings) -> None:
        self.settings = settings

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        """One event per record, in order."""
        self._header_reader.refresh()
        return [self._decode(record) for record in records]

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        """Straight into the projection, without what no condition looks at."""
        from alert_sepm._quick import QuickReader, can_read

        if not can_read(projection):
            return None
        return QuickReader(projection, self._languages, self._header_reader, self._event_maker).decode

    def _decode(self, record: bytes) -> Event:
        raw = str(record, "utf-8", "replace")
        text = raw.strip(PADDING)
        if text[:1] == "{":
            return self._critical(record, raw)
        header, body = self._header_reader.read(text)
        columns = self._column_reader.read(body)
        if columns is None:
            return _unknown(record, header.time)
        return self._event_maker.make(columns, header, raw)

    def _critical(self, record: bytes, raw: str) -> Event:
        from alert_sepm._critical import CriticalEvent, critical_event

        try:
            return critical_event(msgspec.json.decode(record, type=CriticalEvent), self._stamps, raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            return unparsed(record, f"no critical event: {error}")

    @cached_property
    def _stamps(self) -> StampReader:
        return StampReader(self.settings.timezone, year=self.settings.year)

    @cached_property
    def _languages(self) -> Languages:
        from alert_sepm._languages import Languages

        return Languages.read(self.settings.labels)

    @cached_property
    def _header_reader(self) -> HeaderReader:
        return HeaderReader(StampReader(self.settings.header_timezone or self.settings.timezone, year=self.settings.year))

    @cached_property
    def _column_reader(self) -> ColumnReader:
        from alert_sepm._columns import ColumnReader

        return ColumnReader(self._languages)

    @cached_property
    def _event_maker(self) -> EventMaker:
        from alert_sepm._events import EventMaker

        return EventMaker(self._languages, self._stamps, self.settings.severities)


def _unknown(record: bytes, time: datetime | None) -> Event:
    """A record of no known log, at the time that its header says."""
    event = unparsed(record, "no log of Symantec Endpoint Protection Manager has such columns")
    return event if time is None else msgspec.structs.replace(event, time=time)
