"""The format `auto`: finds out for each record how it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import msgspec
from pydantic import Field

from alert_core.builtin._flat import ABOUT_YEAR, ABOUT_ZONE, Year, Zone
from alert_core.builtin.cef import CefFormat
from alert_core.builtin.json import JsonFormat
from alert_core.builtin.leef import LeefFormat
from alert_core.builtin.lines import NetfilterFormat, SshdFormat
from alert_core.builtin.mappings import EcsFormat, EveFormat, OcsfFormat
from alert_core.builtin.syslog import SyslogFormat
from alert_core.components import Context, Format
from alert_core.model import Event, unparsed
from alert_core.settings import Settings

__all__ = ["AutoFormat", "AutoSettings"]

# The surest first. Those that other plugins bring go before all of them, because they look for more than these do.
_OWN: tuple[type[Format[Any]], ...] = (
    CefFormat, LeefFormat, EveFormat, OcsfFormat, EcsFormat, JsonFormat, NetfilterFormat, SshdFormat, SyslogFormat,
)  # fmt: skip
_TIMES = ("time", "timestamp", "@timestamp", "ts", "datetime", "date", "eventTime", "event_time")
_LOOKED_AT = 64 * 1024
_PADDING = "\0\r\n \ufeff"


class AutoSettings(Settings):
    """What cannot be found out."""

    timezone: Zone = Field(default="UTC", title="Time zone", description=ABOUT_ZONE)
    year: Year = Field(default=None, title="Year", description=ABOUT_YEAR, examples=[2015])
    formats: tuple[str, ...] = Field(
        default=(),
        title="Formats",
        description="Only these formats are considered, in this order. Empty: all installed ones that can tell their records.",
        examples=[["cef", "syslog"]],
    )


class AutoFormat(Format[AutoSettings]):
    """Finds out for each record which format it has; the attribute `format` says which.

    The message inside a syslog message is recognised as well. CSV and other text cannot be told from anything, and must be
    named in the configuration.
    """

    name = "auto"
    label = "Recognise the format"

    def __init__(self, settings: AutoSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._made: dict[str, Format[Any]] = {}

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return [self._decode(record) for record in records]

    def _decode(self, record: bytes) -> Event:
        text = str(record[:_LOOKED_AT], "utf-8", "replace").strip(_PADDING)
        cls = next((cls for cls in self._candidates.values() if cls.recognises(text)), None)
        if cls is None:
            return unparsed(record, "no installed format recognises it")
        (event,) = self._format(cls).decode([record])
        inner = event.attributes.get("format") if cls is SyslogFormat else None
        label = f"{cls.name}/{inner}" if inner else cls.name
        return msgspec.structs.replace(event, attributes={**event.attributes, "format": label})

    def _format(self, cls: type[Format[Any]]) -> Format[Any]:
        made = self._made.get(cls.name)
        if made is None:
            made = self._made[cls.name] = cls(self._settings_of(cls), self._inner_context)
        return made

    def _settings_of(self, cls: type[Format[Any]]) -> Settings:
        """What is said about zone and year holds for every format that asks for it."""
        said: dict[str, Any] = {"timezone": self.settings.timezone, "year": self.settings.year}
        if cls is JsonFormat:
            said["fields"] = {"time": _TIMES}
        if cls is SyslogFormat:
            inside = [name for name in self._candidates if name != SyslogFormat.name]
            said["format"] = {"type": self.name, "formats": inside, **said} if inside else None
        return cls.settings_model.model_validate(
            {name: value for name, value in said.items() if name in cls.settings_model.model_fields}
        )

    @cached_property
    def _candidates(self) -> Mapping[str, type[Format[Any]]]:
        own = {cls.name: cls for cls in _OWN}
        offered = {name: cls for name, cls in self.context.formats.items() if name not in own} | own
        if self.settings.formats:
            return {name: offered[name] for name in self.settings.formats if name in offered}
        return offered

    @cached_property
    def _inner_context(self) -> Context:
        return replace(self.context, formats={**self._candidates, self.name: AutoFormat})
