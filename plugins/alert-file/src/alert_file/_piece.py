"""One file as a piece of the stream: who it is, how far it was read, and its next block of lines.

A file is known by what is in it, because names and inodes change when it is rotated, compressed or copied:

* its *origin* is a hash of its first line; a file that begins like the one before it gets a generation added to that;
* its *mark* is a checksum of the few bytes before a position, which shows that it is still the same text up to there.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alert_core import Batch, Cursor, SourceError
from alert_file._content import Content
from alert_file._cut import Cutter, Multiline, Upto
from alert_file._text import Text

__all__ = ["Piece", "Reading", "Replaced", "agree", "fingerprint", "first_line", "held", "holds", "home", "inode", "succeed"]

BLOCK_BYTES = 64 * 1024
"""Larger blocks fall out of the processor's cache and are slower to decode."""

LONGEST_LINE = 16 * 1024 * 1024
"""A line that is longer still is handed over in several records."""

_HEAD_BYTES = 1024
_HEADER_BYTES = 16 * 1024
_TAIL_BYTES = 256


class Replaced(Exception):
    """The file no longer holds what was read from it: it was truncated or overwritten."""


def fingerprint(head: bytes) -> str:
    """Who a file is: a hash of its first line, or of the first 1024 bytes of that."""
    line = head[:_HEAD_BYTES].split(b"\n", 1)[0].rstrip(b"\r")
    return hashlib.sha256(line).hexdigest()[:16]


def first_line(content: Content, *, whole: bool) -> bytes:
    """As much of the start of a file as `fingerprint` looks at; empty while that is not written yet.

    Args:
        content: The file.
        whole: Whether a first line without its line feed is not enough.

    Raises:
        SourceError: Its compressed data ends before anything of it can be read.
    """
    head = content.at(0, _HEAD_BYTES)
    if not head and content.torn:
        raise _torn(content)
    return head if not whole or b"\n" in head or len(head) == _HEAD_BYTES else b""


def succeed(previous: str, print_: str) -> str:
    """The origin of a file that comes after another, so that two which begin alike are not taken for one."""
    base, _, generation = previous.partition("-")
    return print_ if base != print_ else f"{print_}-{int(generation or 0) + 1}"


def holds(content: Content, cursor: Cursor) -> bool:
    """Whether a file is the one that a cursor points into, by its first line and by the bytes before the position."""
    # A file without a whole line was known by what it had then.
    head = content.at(0, _HEAD_BYTES)
    base = cursor.origin.partition("-")[0]
    if base not in (fingerprint(head), fingerprint(head[: cursor.position])):
        return False
    tail = _before(content, cursor.position)
    return len(tail) == min(cursor.position, _TAIL_BYTES) and cursor.hints.get("mark", zlib.crc32(tail)) == zlib.crc32(tail)


def agree(one: Content, other: Content) -> bool:
    """Whether one file is a copy of the other or of its beginning, such as one that is being compressed just now."""
    if fingerprint(one.at(0, _HEAD_BYTES)) != fingerprint(other.at(0, _HEAD_BYTES)):
        return False
    position = min(one.length(), other.length())
    return _before(one, position) == _before(other, position)


def _before(content: Content, position: int) -> bytes:
    length = min(position, _TAIL_BYTES)
    return content.at(position - length, length)


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        encoding: Of files without a byte order mark.
        multiline: How lines make records, if one line is not one record.
    """

    encoding: str = "utf-8"
    multiline: Multiline | None = None


class Piece:
    """A file that is being read.

    Args:
        content: Its bytes.
        origin: Who it is.
        position: Where to read on; 0 is after the byte order mark.
        reading: How it is read.
        part: Which part of the source it is.

    Attributes:
        cursor: Where it was read to.
        text: How its bytes read.
        stamp: That of its content when it was last looked at for more.
    """

    def __init__(self, content: Content, origin: str, position: int, reading: Reading, part: str = "") -> None:
        head = content.at(0, _HEADER_BYTES)
        self.content, self.origin, self.reading, self.part = content, origin, reading, part
        self.text = Text.of(reading.encoding, head)
        self._cutter = Cutter(self.text, reading.multiline)
        self._head = _header(self.text, head)
        self._exhausted: tuple[tuple[int, int], Upto] | None = None
        self._exhausted_at = 0.0
        self.stamp = (-1, -1)
        self._tail = b""
        self.move(position or self.text.mark)

    def move(self, position: int) -> None:
        """Go on somewhere else."""
        self._tail = _before(self.content, position)
        self.cursor = self._cursor(position)

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing has been added to the file."""
        return 0.0 if self._exhausted is None else time.monotonic() - self._exhausted_at

    def batch(self, upto: Upto) -> Batch | None:
        """The next block of records, as far as they are there now.

        Args:
            upto: What may be taken.

        Raises:
            Replaced: What was read before is no longer there.
            SourceError: The file cannot be read.
        """
        self.stamp = stamp = self.content.stamp()
        # The last time, what was written since the clock of the file system ticked must not be missed.
        if upto is not Upto.ALL and self._exhausted is not None and self._exhausted[0] == stamp and self._exhausted[1] >= upto:
            return None
        data = self._next(upto)
        if data:
            self._exhausted = None
            return self._advance(data)
        if self._exhausted is None or self._exhausted[0] != stamp:
            self._exhausted_at = time.monotonic()
        self._exhausted = stamp, upto
        return None

    def batches(self, end: int) -> Iterator[Batch]:
        """Exactly the bytes up to an end that was reached before, in blocks of whole records."""
        while self.cursor.position < end:
            data = self._next(Upto.ALL, limit=end)
            if not data:
                raise Replaced
            yield self._advance(data)

    def _next(self, upto: Upto, *, limit: int | None = None) -> bytes:
        """The bytes of the next records; empty if there are none."""
        position, known = self.cursor.position, len(self._tail)
        size = BLOCK_BYTES
        while True:
            wanted = size if limit is None else min(size, limit - position)
            # One read begins a little before the place: it shows as well that the file is still the same.
            data = self.content.at(position - known, known + wanted)
            if not data.startswith(self._tail):
                raise Replaced
            if limit is not None and position + len(data) - known == limit:
                return data[known:]
            if len(data) - known < wanted:
                return self._rest(data, known, upto)
            cut = self._cutter.whole(data, known, Upto.RECORDS)
            if cut > known:
                return data[known:cut]
            if size >= LONGEST_LINE:
                return data[known:]
            size *= 2

    def _rest(self, data: bytes, known: int, upto: Upto) -> bytes:
        """What may be taken of the end of a file."""
        torn = self.content.torn
        cut = self._cutter.whole(data, known, Upto.LINES if torn else upto)
        if torn and cut == known:
            raise _torn(self.content)
        return data[known:cut]

    def _advance(self, data: bytes) -> Batch:
        start = self.cursor
        self._tail = (self._tail + data)[-_TAIL_BYTES:] if len(data) < _TAIL_BYTES else data[-_TAIL_BYTES:]
        self.cursor = self._cursor(start.position + len(data))
        records, offsets = self._cutter.records(data)
        return Batch(records, start, self.cursor, offsets=offsets, head=self._head)

    def _cursor(self, position: int) -> Cursor:
        device, inode = self.content.identity
        hints: dict[str, str | int] = {
            "path": os.fspath(self.content.path),
            "inode": inode,
            "device": device,
            "modified": self.content.stamp()[1],
            "mark": zlib.crc32(self._tail),
        }
        return Cursor(self.origin, position, hints, self.part)


def _torn(content: Content) -> SourceError:
    hint = "decompress what is left of it and read that"
    return SourceError(f"{str(content.path)!r} ends in the middle of its compressed data; {hint}")


def _header(text: Text, head: bytes) -> bytes:
    """The first line of a file, unless it is longer than any header."""
    _, line = next(text.lines(head[text.mark :]), (0, b""))
    return text.utf8(line).rstrip(b"\r\n") if line.endswith(text.feed) else b""


def held(content: Content, cursor: Cursor, reading: Reading) -> Piece | None:
    """A file from a cursor on; `None` if it is not the one that the cursor points into."""
    return Piece(content, cursor.origin, cursor.position, reading, cursor.part) if holds(content, cursor) else None


def home(cursor: Cursor) -> Path:
    """Where the file of a cursor was when it was read."""
    return Path(str(cursor.hints.get("path", "")))


def inode(cursor: Cursor) -> tuple[object, object]:
    """Which file the cursor points into, as long as that exists."""
    return cursor.hints.get("device"), cursor.hints.get("inode")
