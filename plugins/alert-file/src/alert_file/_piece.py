"""One file as a piece of the stream: who it is, how far it was read, and its next block of lines.

A file is known by what is in it, because names and inodes change when it is rotated, compressed or copied:

* its *origin* is a hash of its first line; a file that begins like the one before it gets a generation added to that;
* its *mark* is a checksum of the few bytes before a position, which shows that it is still the same text up to there.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator

from alert_core import Batch, Cursor, SourceError
from alert_file._content import Content

__all__ = ["Piece", "Replaced", "agree", "fingerprint", "first_line", "holds", "succeed"]

BLOCK_BYTES = 64 * 1024
"""Larger blocks fall out of the processor's cache and are slower to decode."""

LONGEST_LINE = 16 * 1024 * 1024
"""A line that is longer still is handed over in several records."""

_HEAD_BYTES = 1024
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
    """
    head = content.at(0, _HEAD_BYTES)
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


class Piece:
    """A file that is being read.

    Args:
        content: Its bytes.
        origin: Who it is.
        position: Where to read on.
    """

    def __init__(self, content: Content, origin: str, position: int = 0) -> None:
        self.content = content
        self.origin = origin
        self._tail = _before(content, position)
        self._exhausted: tuple[int, int] | None = None
        self.cursor = self._cursor(position)

    def batch(self, *, final: bool) -> Batch | None:
        """The next block of whole lines, as far as they are there now.

        Args:
            final: Whether a last line without a line feed counts as whole.

        Raises:
            Replaced: What was read before is no longer there.
            SourceError: The file cannot be read.
        """
        stamp = self.content.stamp()
        if stamp == self._exhausted and not final:
            return None
        records = self._records(final=final)
        if not records:
            self._exhausted = stamp
            return None
        return self._advance(records)

    def batches(self, end: int) -> Iterator[Batch]:
        """Exactly the bytes up to an end that was reached before, in blocks of whole lines."""
        while self.cursor.position < end:
            records = self._records(final=True, limit=end)
            if not records:
                raise Replaced
            yield self._advance(records)

    def _records(self, *, final: bool, limit: int | None = None) -> bytes:
        position, known = self.cursor.position, len(self._tail)
        size = BLOCK_BYTES
        while True:
            wanted = size if limit is None else min(size, limit - position)
            # One read begins a little before the place: it shows as well that the file is still the same.
            data = self.content.at(position - known, known + wanted)
            if not data.startswith(self._tail):
                raise Replaced
            cut = data.rfind(b"\n", known) + 1
            if limit is not None and position + len(data) - known == limit:
                return data[known:]
            if cut:
                return data[known:cut]
            if len(data) - known < wanted:
                return self._rest(data[known:], final=final)
            if size >= LONGEST_LINE:
                return data[known:]
            size *= 2

    def _rest(self, rest: bytes, *, final: bool) -> bytes:
        if self.content.torn:
            hint = "decompress what is left of it with 'zcat' and read that"
            raise SourceError(f"{str(self.content.path)!r} ends in the middle of its compressed data; {hint}")
        return rest if final else b""

    def _advance(self, records: bytes) -> Batch:
        start = self.cursor
        self._tail = (self._tail + records)[-_TAIL_BYTES:] if len(records) < _TAIL_BYTES else records[-_TAIL_BYTES:]
        self.cursor = self._cursor(start.position + len(records))
        return Batch(records, start, self.cursor)

    def _cursor(self, position: int) -> Cursor:
        device, inode = self.content.identity
        hints: dict[str, str | int] = {
            "path": os.fspath(self.content.path),
            "inode": inode,
            "device": device,
            "modified": self.content.stamp()[1],
            "mark": zlib.crc32(self._tail),
        }
        return Cursor(self.origin, position, hints)
