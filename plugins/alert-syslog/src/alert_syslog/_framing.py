"""Where one record ends and the next begins in a TCP or TLS connection (RFC 6587), in bounded memory."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["CUT", "Frames", "Framing", "tidy"]

Framing = Literal["auto", "octet-counting", "newline"]

CUT = b"...[cut]"
"""Ends a record of which something is missing."""

_COUNT = re.compile(rb"([1-9]\d{0,7}) ")
_DIGITS = re.compile(rb"\d{1,8}\Z")
_FIRST_DIGITS = frozenset(b"123456789")
_PRIORITY = ord("<")
_BETWEEN = b"\r\n\0"


def tidy(record: bytes, max_bytes: int) -> bytes:
    """A record without padding and line end, and not longer than allowed; what had to be cut off is marked."""
    return record.rstrip(_BETWEEN) if len(record) <= max_bytes else record[: max_bytes - len(CUT)] + CUT


class Frames:
    """Cuts a stream into records. In what pieces the stream comes does not matter.

    A record has its length in front, or ends in a line feed. With `auto` that is found out for each: a number is a length
    when the `<` of a priority follows, or when the record before had its length in front as well. So a line that begins with
    a number is a line.

    Args:
        framing: What is known about the sender.
        max_bytes: Longer records are cut, and never held as a whole.
    """

    def __init__(self, framing: Framing, max_bytes: int) -> None:
        self._framing, self._max = framing, max_bytes
        self._undecided = b""  # a few digits, which may become a length
        self._held = bytearray()  # of the record at hand, one byte more than allowed at most
        self._left: int | None = None  # how much of the record at hand is missing, if it has a length
        self._counted = False  # whether the record before had one

    def feed(self, data: bytes) -> list[bytes]:
        """The records that are complete with these bytes."""
        found: list[bytes] = []
        place = 0
        if self._left is not None:
            place = self._count_on(data, found)
        elif self._held:
            place = self._line_on(data, found)
        elif self._undecided:
            data, self._undecided = self._undecided + data, b""
        while place < len(data):
            place = self._begin(data, place, found)
        return found

    def end(self, *, by_sender: bool) -> list[bytes]:
        """The rest, when nothing more comes.

        Args:
            by_sender: Whether the sender ended the connection, so that a line without a line feed is whole.
        """
        rest, whole = bytes(self._held) or self._undecided, by_sender and self._left is None
        self._held.clear()
        self._undecided, self._left = b"", None
        rest = tidy(rest, self._max)
        if rest and not whole:
            rest = rest[: self._max - len(CUT)] + CUT
        return [rest] if rest else []

    def _begin(self, data: bytes, place: int, found: list[bytes]) -> int:
        """Take the record that begins at a place, as far as it is there; where to go on."""
        first = data[place]
        if first in _BETWEEN:
            return place + 1
        if first in _FIRST_DIGITS and self._framing != "newline":
            match = _COUNT.match(data, place)
            if match is None and _DIGITS.match(data, place):
                return self._decide_later(data, place)
            if match is not None:
                counted = self._counted or self._framing == "octet-counting"
                if not counted and match.end() == len(data):
                    return self._decide_later(data, place)
                if counted or data[match.end()] == _PRIORITY:
                    return self._begin_counted(data, match, found)
        return self._begin_line(data, place, found)

    def _decide_later(self, data: bytes, place: int) -> int:
        self._undecided = data[place:]
        return len(data)

    def _begin_counted(self, data: bytes, match: re.Match[bytes], found: list[bytes]) -> int:
        self._counted = True
        start, length = match.end(), int(match[1])
        if start + length <= len(data):
            self._keep(data[start : start + length], found)
            return start + length
        self._held += data[start : start + self._max + 1]
        self._left = length - (len(data) - start)
        return len(data)

    def _count_on(self, data: bytes, found: list[bytes]) -> int:
        assert self._left is not None
        taken = min(self._left, len(data))
        self._left -= taken
        self._hold(data[:taken])
        if not self._left:
            self._left = None
            self._keep_held(found)
        return taken

    def _begin_line(self, data: bytes, place: int, found: list[bytes]) -> int:
        self._counted = False
        end = data.find(b"\n", place)
        if end < 0:
            self._held += data[place : place + self._max + 1]
            return len(data)
        self._keep(data[place:end], found)
        return end + 1

    def _line_on(self, data: bytes, found: list[bytes]) -> int:
        end = data.find(b"\n")
        self._hold(data if end < 0 else data[:end])
        if end < 0:
            return len(data)
        self._keep_held(found)
        return end + 1

    def _hold(self, data: bytes) -> None:
        self._held += data[: self._max + 1 - len(self._held)]

    def _keep_held(self, found: list[bytes]) -> None:
        self._keep(bytes(self._held), found)
        self._held.clear()

    def _keep(self, record: bytes, found: list[bytes]) -> None:
        if kept := tidy(record, self._max):
            found.append(kept)
