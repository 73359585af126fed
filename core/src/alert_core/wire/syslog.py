"""Syslog messages as they arrive: RFC 5424, RFC 3164, and what senders make of it.

Seen in the real world and understood: no priority, no year, no zone, ISO 8601 and epoch time stamps, a year or a zone beside a
BSD time stamp, no host, no tag, NUL padding, a byte order mark, and the marks of a clock that is not synchronised.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from alert_core.wire.rfc5424 import BOM, NIL
from alert_core.wire.stamps import ZONES, StampReader

__all__ = ["FACILITIES", "Received", "SyslogReader"]

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
    "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
"""The names of the facilities by their numbers."""

Pairs = list[tuple[str, str]]

_HIGHEST_PRIORITY = 191
_PADDING = "\0\r\n"
_VALUE = r'"(?:[^"\\]*+(?:\\.[^"\\]*+)*+)"'
_NAME = r'[^ =\]"]++'
_PARAMETERS = rf"(?: ++{_NAME}={_VALUE})*+ *+"
_ELEMENT = re.compile(rf"\[({_NAME})({_PARAMETERS})\]", re.DOTALL)
# All of a well-formed message at once; structured data that is not well-formed is left to the message.
_NEW = re.compile(
    rf"<(\d{{1,3}})>1 (\S++) (\S++) (\S++) (\S++) (\S++) (?:-(?= |$)|((?:\[{_NAME}{_PARAMETERS}\])++)|(?=\[)) ?{BOM}?(.*)",
    re.DOTALL,
)
_PARAMETER = re.compile(rf' ++({_NAME})="([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\\]])')
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = rf"(?:{'|'.join(name for name in ZONES if len(name) > 2)}|[+-]\d\d:?\d\d)"
# The usual form; a year or a zone behind it is no host.
_BEGUN = rf"([A-Z][a-z]{{2}} [ 0-3]\d \d\d:\d\d:\d\d) (?=[^\s:])(?!{_ZONE}[ :]|\d{{4}} )"
_OLD = re.compile(_BEGUN, re.ASCII)
_STAMP = re.compile(
    rf" *+(?:\d{{1,10}}: )?[*.]?(?P<stamp>[A-Z][a-z]{{2}} +\d{{1,2}}(?: \d{{4}})? {_CLOCK}"
    rf"(?: \d{{4}}(?=[ :]))?(?: {_ZONE}(?=[ :]))?(?: \d{{4}}(?=[ :]))?"
    rf"|\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?: ?(?:Z|[+-]\d\d:?\d\d))?"
    r"|\d{9,10}(?:\.\d{1,9})?(?= ))(?::? ++|:?$)",
    re.ASCII,
)
_PROGRAM = r"([^\s:\[\]|=<>{}\"]{1,64})(?:\[([^\]\s]{0,64})\])?:(?: |$|(?<=\]:))"
_TAG = re.compile(_PROGRAM)
_HOST = re.compile(r"([\w.:%-]{1,255}) ++", re.ASCII)
_NO_HOST = ("CEF:", "LEEF:")
# All of a message of the usual old form at once; it says what the steps that read every other form would say.
_USUAL = re.compile(
    rf"(?a:(?:<(\d{{1,3}})>)?+{_BEGUN}(?!CEF:|LEEF:)([\w.:%-]{{0,254}}[\w.%-]) ++)(?:{_PROGRAM}|(?=CEF:|LEEF:))(.*)", re.DOTALL
)


class Received(msgspec.Struct, frozen=True):
    """What a message says. Texts are empty where it says nothing.

    Attributes:
        priority: Facility times 8 plus severity; `None` when it does not say.
        time: When it was written; `None` when it does not say, or nothing that can be understood.
        app: The program: APP-NAME, or the tag.
        process: Its process id.
        kind: The MSGID.
        structured: Structured data as they are written; `data` reads them.
        text: The message itself, or all of it where there is no header.
        stamped: Whether there is a time stamp, legible or not.
    """

    priority: int | None
    time: datetime | None
    host: str
    app: str
    process: str
    kind: str
    structured: str
    text: str
    stamped: bool = True

    @property
    def headed(self) -> bool:
        """Whether there is any header at all."""
        return self.priority is not None or self.stamped

    @property
    def data(self) -> list[tuple[str, Pairs]]:
        """The elements of the structured data in order, each with its name and its parameters in order."""
        structured = self.structured
        if "][" in structured:
            return [(name, _pairs(parameters)) for name, parameters in _ELEMENT.findall(structured)]
        name, blank, parameters = structured[1:-1].partition(" ")
        return [(name, _pairs(blank + parameters))] if structured else []


class SyslogReader:
    """Reads messages; every text is one.

    Args:
        stamps: Reads time stamps, and knows what those mean that lack a zone or a year.
    """

    def __init__(self, stamps: StampReader) -> None:
        self._read_stamp = stamps.read

    def read(self, text: str) -> Received:
        """What a message says; nothing is ever refused."""
        text = text.rstrip(_PADDING)
        match = _NEW.match(text)
        if match is not None:
            priority = int(match[1])
            if priority <= _HIGHEST_PRIORITY:
                return self._new(priority, match)
        text = text.lstrip(BOM)
        match = _USUAL.match(text)
        if match is not None:
            number, stamp, host, app, process, rest = match.groups("")
            if not number or int(number) <= _HIGHEST_PRIORITY:
                return Received(int(number) if number else None, self._time(stamp), host, app, process, "", "", rest)
        if text[:1] == "<":
            end = text.find(">", 2, 5)
            number = text[1:end]
            if end > 0 and number.isdecimal() and number.isascii() and int(number) <= _HIGHEST_PRIORITY:
                start = end + 1
                if text.startswith("1 ", start) and _STAMP.match(text, start + 2):
                    start += 2
                return self._old(int(number), text, start)
        return self._old(None, text, 0)

    def _new(self, priority: int, match: re.Match[str]) -> Received:
        _, stamp, host, app, process, kind, structured, text = match.groups("")
        time = None if stamp == NIL else self._time(stamp)
        if host == NIL:
            host = ""
        if app == NIL:
            app = ""
        if process == NIL:
            process = ""
        if kind == NIL:
            kind = ""
        return Received(priority, time, host, app, process, kind, structured, text, stamp != NIL)

    def _old(self, priority: int | None, text: str, start: int) -> Received:
        match = _OLD.match(text, start)
        if match is None:
            match = _STAMP.match(text, start)
        if match is None:
            # Without a time stamp there is no host either, says the standard; without a priority there is no header at all.
            app, process, rest = _tagged(text, start) if priority is not None else ("", "", text)
            return Received(priority, None, "", app, process, "", "", rest, False)
        stamp, start = match[1], match.end()
        host, start = _host(text, start)
        app, process, rest = _tagged(text, start)
        return Received(priority, self._time(stamp), host, app, process, "", "", rest)

    def _time(self, stamp: str) -> datetime | None:
        try:
            return self._read_stamp(stamp)
        except ValueError:
            return None


def _pairs(parameters: str) -> Pairs:
    pairs: Pairs = _PARAMETER.findall(parameters)
    if "\\" in parameters:
        return [(name, _ESCAPE.sub(r"\1", value) if "\\" in value else value) for name, value in pairs]
    return pairs


def _host(text: str, start: int) -> tuple[str, int]:
    """The host and where it ends; a word that ends like a tag, or begins a record, is none."""
    match = _HOST.match(text, start)
    if match is None or match[1].endswith(":") or match[1].startswith(_NO_HOST):
        return "", start
    return match[1], match.end()


def _tagged(text: str, start: int) -> tuple[str, str, str]:
    """Program, process id and what follows."""
    match = _TAG.match(text, start)
    if match is None:
        return "", "", text[start:]
    return match[1], match[2] or "", text[match.end() :]
