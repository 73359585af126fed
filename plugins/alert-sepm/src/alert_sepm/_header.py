"""What stands before a record: a syslog header, the prefix of a dump file, both, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from alert_core.wire.stamps import StampReader
from alert_core.wire.syslog import FACILITIES, Received, SyslogReader

__all__ = ["NOTHING", "PADDING", "WORDS", "Header", "HeaderReader"]

PADDING = "\ufeff\0\r\n\t "
"""What may stand around a record without being part of it."""

_PROGRAM = "SymantecServer"
_TAG = re.compile(r"SymantecServer(?: [\w.-]{1,64})?(?:\[\d{1,10}\])?:\s?")
_OLD_HEAD = re.compile(r"(?:<\d{1,3}>(?!1 )|[A-Z][a-z]{2} |\d{4}-\d\d-\d\dT)[^,]*|")
_FAR = 320
_NEW_HEAD = re.compile(r"<\d{1,3}>1 ")
_HEAD = re.compile(r"<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\dT")
_DUMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?),(?:([^\W\d]{1,24}),)?")
_REMEMBERED = 1024

WORDS = {
    "critical": "critical", "fatal": "critical", "major": "major", "error": "major", "minor": "minor", "warning": "minor",
    "info": "information", "information": "information", "informational": "information",
}  # fmt: skip
"""The severities that dump files name, in lower case."""


class Header:
    """What it says, worked out when it is asked for.

    Args:
        read: Reads the syslog header, if there is one.
        stamps: Reads the time of the prefix.
        dump: The prefix of a dump file, if there is one.
    """

    __slots__ = ("_dump", "_read", "_stamps")

    def __init__(
        self, read: Callable[[], Received] | None = None, stamps: StampReader | None = None, dump: re.Match[str] | None = None
    ) -> None:
        self._read, self._stamps, self._dump = read, stamps, dump

    @property
    def time(self) -> datetime | None:
        """When the record was written; `None` if it does not say."""
        if self._dump is not None and self._stamps is not None:
            try:
                return self._stamps.read(self._dump[1])
            except ValueError:
                pass
        return self._read().time if self._read else None

    @property
    def host(self) -> str:
        """Who sent it."""
        return self._read().host if self._read else ""

    @property
    def severity(self) -> str:
        """How bad the server says it is; only dump files say that in earnest."""
        return WORDS.get((self._dump[2] or "").lower(), "") if self._dump else ""

    @property
    def attributes(self) -> dict[str, Any]:
        """What else it says."""
        attributes = {}
        if self._read and (priority := self._read().priority) is not None:
            attributes["facility"] = FACILITIES[priority >> 3]
        if self._dump and self._dump[2] and not self.severity:
            attributes["log_severity"] = self._dump[2]
        return attributes


NOTHING = Header()


class HeaderReader:
    """Reads what stands before a record.

    Args:
        stamps: Reads the times there.
    """

    def __init__(self, stamps: StampReader) -> None:
        self._stamps = stamps
        self._syslog = SyslogReader(stamps)
        self._remembered: dict[str, Received] = {}

    def refresh(self) -> None:
        """Forget what may mean another time by now; call it now and then."""
        self._stamps.refresh()
        self._remembered.clear()

    def read(self, text: str) -> tuple[Header, str]:
        """What stands before the record, and the record."""
        read: Callable[[], Received] | None = None
        place = text.find(_PROGRAM, 0, _FAR)
        if place >= 0 and _OLD_HEAD.fullmatch(text, 0, place) and (tag := _TAG.match(text, place)):
            read, text = partial(self._received, text[:place]), text[tag.end() :]
        elif _HEAD.match(text):
            read, text = self._untagged(text)
        dump = _DUMP.match(text) if text[:1].isdigit() else None
        if dump is not None:
            return Header(read, self._stamps, dump), text[dump.end() :]
        return (Header(read) if read else NOTHING), text

    def _received(self, head: str) -> Received:
        # Servers send many records within one second.
        received = self._remembered.get(head)
        if received is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            received = self._remembered[head] = self._syslog.read(f"{head}{_PROGRAM}: ")
        return received

    def _untagged(self, text: str) -> tuple[Callable[[], Received], str]:
        """The same for a header without the name of the program where it should be."""
        received = self._syslog.read(text)
        body = received.text
        if received.app and not _NEW_HEAD.match(text) and not received.app.startswith(_PROGRAM):
            # What looks like a tag is the label that the record begins with.
            body = f"{received.app}: {body}"
        tag = _TAG.match(body)
        return lambda: received, body[tag.end() :] if tag else body
