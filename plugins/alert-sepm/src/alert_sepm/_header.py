"""What stands before a record: a syslog header, the prefix of a dump file, both, or nothing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple

from alert_core.wire.stamps import StampReader
from alert_core.wire.syslog import FACILITIES, Received, SyslogReader

__all__ = ["NOTHING", "Header", "HeaderReader"]

_PROGRAM = "SymantecServer"
_TAG = re.compile(r"SymantecServer(?: [\w.-]{1,64})?(?:\[\d{1,10}\])?:\s?")
_OLD_HEAD = re.compile(r"(?:<\d{1,3}>(?!1 )|[A-Z][a-z]{2} |\d{4}-\d\d-\d\dT)[^,]*|")
_FAR = 320
_NEW_HEAD = re.compile(r"<\d{1,3}>1 ")
_HEAD = re.compile(r"<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\dT")
_DUMP = re.compile(r"\s*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?),(?:([^\W\d]{1,24}),)?")
_REMEMBERED = 1024

WORDS = {
    "critical": "critical", "fatal": "critical", "major": "major", "error": "major", "minor": "minor", "warning": "minor",
    "info": "information", "information": "information", "informational": "information",
}  # fmt: skip
"""The severities that dump files name, in lower case."""


class Header(NamedTuple):
    """What it says.

    Attributes:
        time: When the record was written; `None` if it does not say.
        host: Who sent it.
        severity: How bad the server says it is; only dump files say that in earnest.
        attributes: What else it says.
    """

    time: datetime | None
    host: str
    severity: str
    attributes: dict[str, Any]


NOTHING = Header(None, "", "", {})


class HeaderReader:
    """Reads what stands before a record.

    Args:
        stamps: Reads the times there.
    """

    def __init__(self, stamps: StampReader) -> None:
        self._stamps = stamps
        self._syslog = SyslogReader(stamps)
        self._remembered: dict[str, Header] = {}

    def refresh(self) -> None:
        """Forget what may mean another time by now; call it now and then."""
        self._stamps.refresh()
        self._remembered.clear()

    def read(self, text: str) -> tuple[Header, str]:
        """What stands before the record, and the record."""
        header = NOTHING
        place = text.find(_PROGRAM, 0, _FAR)
        if place >= 0 and (known := self._remembered.get(text[:place])) and (tag := _TAG.match(text, place)):
            # Servers send many records within one second.
            header, text = known, text[tag.end() :]
        elif place >= 0 and _OLD_HEAD.fullmatch(text, 0, place) and (tag := _TAG.match(text, place)):
            header, text = self._remember(text[:place]), text[tag.end() :]
        elif _HEAD.match(text):
            header, text = self._read(text)
        match = _DUMP.match(text)
        return (self._dumped(header, match), text[match.end() :]) if match else (header, text)

    def _read(self, text: str) -> tuple[Header, str]:
        """The same for a header without the name of the program where it should be."""
        received = self._syslog.read(text)
        body = received.text
        if received.app and not _NEW_HEAD.match(text) and not received.app.startswith(_PROGRAM):
            # What looks like a tag is the label that the record begins with.
            body = f"{received.app}: {body}"
        tag = _TAG.match(body)
        return _header_of(received), body[tag.end() :] if tag else body

    def _remember(self, head: str) -> Header:
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        header = self._remembered[head] = _header_of(self._syslog.read(f"{head}{_PROGRAM}: "))
        return header

    def _dumped(self, header: Header, match: re.Match[str]) -> Header:
        stamp, word = match.groups("")
        try:
            time: datetime | None = self._stamps.read(stamp)
        except ValueError:
            time = header.time
        severity = WORDS.get(word.lower(), "")
        attributes = header.attributes | {"log_severity": word} if word and not severity else header.attributes
        return header._replace(time=time, severity=severity, attributes=attributes)


def _header_of(received: Received) -> Header:
    attributes = {} if received.priority is None else {"facility": FACILITIES[received.priority >> 3]}
    return Header(received.time, received.host, "", attributes)
