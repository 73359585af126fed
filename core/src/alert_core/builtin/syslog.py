"""The format `syslog`: messages of RFC 5424 and RFC 3164, and what senders make of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field

from alert_core.builtin._flat import FlatSettings
from alert_core.builtin._inner import Choice, inner_format
from alert_core.components import Format
from alert_core.model import Event

if TYPE_CHECKING:
    from alert_core.builtin._syslog_records import SyslogRecords
    from alert_core.projection import BlockDecoder, Projection

__all__ = ["SEVERITIES", "SyslogFormat", "SyslogSettings"]

SEVERITIES = ("critical", "critical", "critical", "major", "minor", "low", "information", "information")
"""What emergency, alert, critical, error, warning, notice, informational and debug mean."""


@cache
def _likely() -> re.Pattern[str]:
    return re.compile(
        r"<\d{1,3}>|[A-Z][a-z]{2} [ 0-3]\d \d\d:\d\d:\d\d \S"
        r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:Z|[+-]\d\d:\d\d) [\w.:-]+ [^\s:\[]+(?:\[\d+\])?: ",
        re.ASCII,
    )


class SyslogSettings(FlatSettings):
    """What is said about syslog messages."""

    format: Choice = Field(
        default=None,
        title="Format of the message",
        description=(
            "How the message behind the header reads: a format such as `cef` or `auto`, or a table with `type` and its "
            "settings. Not set: it is text."
        ),
        examples=["auto"],
    )
    programs: tuple[str, ...] = Field(
        default=(),
        title="Programs",
        description="Only messages of these programs are read by `format`; others stay text. Empty: all are read by it.",
        examples=[["sshd"]],
    )
    default_type: str = Field(
        default="log", min_length=1, title="Default type", description="The type of messages that are just text."
    )


class SyslogFormat(Format[SyslogSettings]):
    """Syslog messages: RFC 5424 with structured data, and RFC 3164 in all the ways in which senders deviate from it.

    The header gives time, computer, application and severity, and structured data become attributes. The message itself is
    text, unless `format` says how it reads.
    """

    name = "syslog"
    label = "Syslog messages"

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return self._records.decode(records)

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        return self._records.decoder(projection)

    @classmethod
    def recognises(cls, text: str) -> bool:
        return _likely().match(text) is not None

    @cached_property
    def _records(self) -> SyslogRecords:
        # Imported here because compiling its expressions takes longer than most commands need for all else.
        from alert_core.builtin._syslog_records import SyslogRecords

        return SyslogRecords(self.settings, self._inner())

    def _inner(self) -> Format[Any] | None:
        return None if self.settings.format is None else inner_format(self.settings.format, self.context)
