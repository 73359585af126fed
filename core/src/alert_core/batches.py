"""What a source hands over: records in order, with the place where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Protocol

import msgspec

__all__ = ["Batch", "Cursor", "Push"]


class Cursor(msgspec.Struct, frozen=True):
    """A place in a source, from which it can be read on, now or after a restart.

    Attributes:
        origin: Which piece of the stream: a file's fingerprint, a spool segment. The same whenever the piece is read again.
        position: Where inside it: a byte offset or a record number.
        hints: What helps to find the piece again, such as a path. Not part of any identity.
        part: Which of several streams that a source reads side by side, such as one file of many. Each has its own cursor.
    """

    origin: str
    position: int
    hints: dict[str, str | int] = {}
    part: str = ""


class Batch(msgspec.Struct, frozen=True):
    """Some records of a source, in order, with the place where they stand.

    Attributes:
        records: Whole records: one block of bytes in which each ends in a line feed (the last may lack it), or a tuple of them.
        start: Where the first record begins. The position counts bytes for a block, records for a tuple.
        end: Where to read on.
        senders: The address that each record of a tuple came from; empty when it came from nobody. The core makes it the
            event's attribute `received_from`, and its computer when the record names none.
        lost: How many records got lost before they could be read, as far as is known. The core makes an event of type
            `records-lost` of them. There need not be any record with it.
        offsets: Where in the batch each record of a tuple begins, where the position counts something else than records.
        head: The first line of the file that the records stand in, for formats that find the names of columns there.
        ended: Whether nothing will follow in this part of the source; the core then forgets its cursor.
    """

    records: bytes | tuple[bytes, ...]
    start: Cursor
    end: Cursor
    senders: tuple[str, ...] = ()
    lost: int = 0
    offsets: tuple[int, ...] = ()
    head: bytes = b""
    ended: bool = False

    def split(self) -> list[bytes]:
        """The records one by one, without line ends; blank lines of a block are left out."""
        if isinstance(self.records, tuple):
            return list(self.records)
        return [line for line in self.records.split(b"\n") if line.strip()]

    def locate(self, index: int) -> tuple[int, bytes]:
        """The record `split()[index]`, or the last one, and where it begins as an absolute position in the origin."""
        if isinstance(self.records, tuple):
            index = min(index, len(self.records) - 1)
            offset = self.offsets[index] if self.offsets else index
            return self.start.position + offset, self.records[index]
        found, offset = (0, b""), 0
        # Line by line, because all lines at once would take several times longer than finding one.
        for line in BytesIO(self.records):
            if line.strip():
                found = (self.start.position + offset, line)
                if index == 0:
                    break
                index -= 1
            offset += len(line)
        return found[0], found[1].removesuffix(b"\n")


class Push(Protocol):
    """How a source hands over what it read."""

    cursor: Cursor | None
    """Where to read on after a restart; `None` when the source runs for the first time.

    A source that cannot be rewound finds the end of what is on disk of it, which moves with every batch and only then.
    """

    @property
    def cursors(self) -> Mapping[str, Cursor]:
        """The same for each part of a source that reads several streams; `cursor` is that of the part without a name."""

    def __call__(self, batch: Batch) -> None:
        """Hand over a batch; blocks while the rest of the system is behind.

        When it returns, the batch is safe: a rewindable source can be asked for it again, any other batch is on disk.
        """
