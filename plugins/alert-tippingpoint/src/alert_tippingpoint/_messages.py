"""What is done with messages of the SMS and of devices: the work of the format `tippingpoint`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from alert_core import Context, Event, Format, unparsed
from alert_core.wire.stamps import StampReader
from alert_core.wire.syslog import SyslogReader
from alert_tippingpoint import _device, _tabbed
from alert_tippingpoint._cef import MARKS, refined
from alert_tippingpoint.settings import TippingPointSettings

__all__ = ["Messages", "recognised"]

_PADDING = "\0\r\n"
_LOOKED_AT = 1024
_CEF = "CEF:"
# What begins like one of the layouts, so that it is no other message.
_REMAINS = ("00000001-0001-0001-0001-", "00000002-0002-0002-0002-")


def recognised(text: str) -> bool:
    """Whether it can only be one of these messages."""
    start = text[:_LOOKED_AT]
    return (
        (_CEF in start and any(mark in start for mark in MARKS))
        or _tabbed.START.search(start) is not None
        or _device.START.search(start) is not None
    )


class Messages:
    """Reads messages in any of the layouts.

    Args:
        settings: Those of the format.
        context: The format's, for the core's formats.
    """

    def __init__(self, settings: TippingPointSettings, context: Context) -> None:
        self.settings, self.context = settings, context
        self._stamps = StampReader(settings.timezone)
        self._reader = SyslogReader(self._stamps)

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        """One event per record, in order."""
        self._stamps.refresh()
        return [self._decode(record) for record in records]

    def _decode(self, record: bytes) -> Event:
        raw = str(record, "utf-8", "replace")
        start = raw[:_LOOKED_AT]
        if _CEF in start and any(mark in start for mark in MARKS):
            return refined(self._other("cef", record))
        text = raw.rstrip(_PADDING)
        try:
            if found := _tabbed.START.search(start):
                return _tabbed.tabbed_event(
                    text[found.start() :],
                    found[1],
                    actions=self.settings.actions,
                    stamps=self._stamps,
                    header=self._reader.read(raw),
                    raw=raw,
                )
            if found := _device.START.search(start):
                return _device.device_event(
                    text[found.start() :], found[1], stamps=self._stamps, header=self._reader.read(raw), raw=raw
                )
        except ValueError as error:
            return unparsed(record, str(error))
        if any(part in raw for part in _REMAINS):
            return unparsed(record, "about a filter, but in none of the layouts of the SMS and its devices")
        if self._reader.read(raw).headed:
            return self._other("syslog", record)
        return unparsed(record, "neither CEF, tab-delimited, a device's layout nor any syslog message")

    def _other(self, name: str, record: bytes) -> Event:
        (event,) = self._others[name].decode([record])
        return event

    @cached_property
    def _others(self) -> dict[str, Format[Any]]:
        """The core's formats that read what is not TippingPoint's own."""
        made = {}
        for name in ("cef", "syslog"):
            cls = self.context.formats[name]
            made[name] = cls(cls.settings_model.model_validate({"timezone": self.settings.timezone}), self.context)
        return made
