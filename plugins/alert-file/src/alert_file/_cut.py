"""Where one record ends and the next begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from alert_file._text import Text

__all__ = ["Cutter", "Multiline", "Upto"]

_LOOKED_AT = 4096


class Upto(IntEnum):
    """How much of what is there may be taken."""

    RECORDS = 0
    """Records that are known to be whole, because the next one has begun."""
    LINES = 1
    """Whole lines, even if another one that belongs to the last record may follow."""
    ALL = 2
    """Everything, because nothing will follow."""


@dataclass(frozen=True)
class Multiline:
    """Records of several lines.

    Attributes:
        start: Matches the first line of a record.
        most_lines: A record that has so many is over.
        most_bytes: So is one that would become longer than this.
        flush_seconds: How long to wait for another line.
    """

    start: re.Pattern[str]
    most_lines: int
    most_bytes: int
    flush_seconds: float


@dataclass(frozen=True)
class Cutter:
    """Cuts the bytes of a file, from the beginning of a record on, into records.

    The same bytes are always cut in the same way, wherever they were read from.

    Attributes:
        text: How the bytes read.
        multiline: How lines make records, if one line is not one record.
    """

    text: Text
    multiline: Multiline | None = None

    def whole(self, data: bytes, start: int, upto: Upto) -> int:
        """Where the last record ends that may be taken; `start` if none may.

        Args:
            data: What is there.
            start: Where in it a record begins.
            upto: What may be taken.
        """
        if upto is Upto.ALL:
            return len(data)
        end = self.text.end_of_lines(data, start)
        if self.multiline is None or upto is Upto.LINES:
            return end
        # The last one may go on.
        return start + max((begin for begin, _ in self._groups(data[start:end])), default=0)

    def records(self, data: bytes) -> tuple[bytes | tuple[bytes, ...], tuple[int, ...]]:
        """Whole records and where they begin: a block of lines as it is, if it can be used so, else one by one."""
        if self.multiline is None and self.text.plain:
            return data, ()
        pieces = self.text.lines(data) if self.multiline is None else self._groups(data)
        read = ((begin, self.text.utf8(piece).rstrip(b"\r\n").replace(b"\r\n", b"\n")) for begin, piece in pieces)
        kept = [(begin, record) for begin, record in read if record.strip()]
        return tuple(record for _, record in kept), tuple(begin for begin, _ in kept)

    def _groups(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Where each record of several lines begins, and its bytes."""
        assert self.multiline is not None
        begin = end = lines = 0
        for offset, line in self.text.lines(data):
            over = lines >= self.multiline.most_lines or offset + len(line) - begin > self.multiline.most_bytes
            if lines and (over or self._starts(line)):
                yield begin, data[begin:offset]
                begin, lines = offset, 0
            lines, end = lines + 1, offset + len(line)
        if lines:
            yield begin, data[begin:end]

    def _starts(self, line: bytes) -> bool:
        assert self.multiline is not None
        return self.multiline.start.search(self.text.utf8(line[:_LOOKED_AT]).decode("utf-8", "replace")) is not None
