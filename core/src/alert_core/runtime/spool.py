"""Records on disk, for sources that cannot be asked twice: what a datagram said is safe before it is counted or answered.

A spool is a folder of segments, files that are only ever appended to. A segment holds frames; a frame holds the records of one
batch, with its length and a checksum in front, so that a write which a power failure tore is recognised and cut off.
"""

from __future__ import annotations

import os
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from alert_core.components import Batch, Cursor
from alert_core.errors import SourceError

__all__ = ["Spool"]

Records = bytes | tuple[bytes, ...]

SEGMENT_BYTES = 16 * 1024 * 1024
_HEADER = struct.Struct(">II")
_SUFFIX = ".spool"


class _Frame(msgspec.Struct, array_like=True):
    """What is kept of one batch; `received` is in microseconds since 1970."""

    received: int
    records: Records
    senders: tuple[str, ...] = ()
    lost: int = 0


_decoder = msgspec.msgpack.Decoder(_Frame)


class Spool:
    """An append-only queue of batches on disk.

    The cursor of a batch names its segment and where in it the frame begins. Segments are never renamed, and no name is used
    twice. One thread appends; any number may read meanwhile.

    Args:
        folder: Where the segments are; made if need be.
        segment_bytes: When to begin a new segment.

    Raises:
        SourceError: The folder cannot be used.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = self._names()
            self._file = self._reopen(names[-1]) if names else self._create(1)
        except OSError as error:
            raise self._failure("open", error) from error
        self._end = self._file.tell()

    @property
    def begin(self) -> Cursor:
        """Where the oldest batch that is kept begins."""
        return Cursor(self._names()[0], 0)

    @property
    def end(self) -> Cursor:
        """Where the next batch will begin."""
        with self._lock:
            return self._cursor(self._end)

    def append(self, records: Records, *, senders: tuple[str, ...] = (), lost: int = 0) -> Batch:
        """Keep the records of one batch; they are on disk when this returns.

        Args:
            records: As in `Batch`.
            senders: As in `Batch`.
            lost: As in `Batch`.

        Raises:
            SourceError: They could not be written, and nothing was kept.
        """
        return self._append([_Frame(_now(), records, senders, lost)])[0]

    def append_many(self, batches: Iterable[Records]) -> list[Batch]:
        """Keep several batches at the price of one wait for the disk.

        Raises:
            SourceError: They could not be written, and nothing was kept.
        """
        received = _now()
        return self._append([_Frame(received, records) for records in batches])

    def _append(self, frames: Sequence[_Frame]) -> list[Batch]:
        written = [_written(frame) for frame in frames]
        with self._lock:
            try:
                if self._end >= self._segment_bytes:
                    self._rotate()
                self._write(b"".join(written))
            except OSError as error:
                self._undo()
                raise self._failure("write to", error) from error
            kept = []
            for frame, data in zip(frames, written, strict=True):
                kept.append(self._batch(self._file_name, self._end, len(data), frame))
                self._end += len(data)
            return kept

    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        """The batches from one cursor up to another, just as they were appended.

        Raises:
            SourceError: They are no longer kept, or the disk gives back something else.
        """
        names = self._names()
        if not (self.has(start) and self.has(end)):
            raise SourceError(f"spool {str(self.folder)!r} no longer has what is asked for; restore the folder from a backup")
        for name in names[names.index(start.origin) : names.index(end.origin) + 1]:
            position = start.position if name == start.origin else 0
            yield from self._read_segment(name, position, end.position if name == end.origin else None)

    def latest(self) -> Iterator[Batch]:
        """What was appended last, oldest first: the batches of the two youngest segments, as far as they can be read."""
        for name in self._names()[-2:]:
            position = 0
            for size, frame in _frames(self._path(name), 0):
                yield self._batch(name, position, size, frame)
                position += size

    def forget(self, before: Cursor) -> None:
        """Delete the segments that end before a cursor; the one that it points into stays."""
        for name in self._names():
            if name >= before.origin or name == self._file_name:
                break
            self._path(name).unlink(missing_ok=True)

    def has(self, cursor: Cursor) -> bool:
        """Whether the segment that a cursor points into is kept."""
        return self._path(cursor.origin).exists()

    def bytes_after(self, cursor: Cursor) -> int:
        """How much is kept from a cursor on."""
        later = [self._path(name).stat().st_size for name in self._names() if name >= cursor.origin]
        return max(sum(later) - cursor.position, 0)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob(f"*{_SUFFIX}"))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"

    def _cursor(self, position: int) -> Cursor:
        return Cursor(self._file_name, position)

    def _create(self, number: int) -> FileIO:
        # The random part keeps a spool whose folder was deleted from using the same names, and so event ids, once more.
        name = f"{number:010d}-{secrets.token_hex(4)}"
        file = FileIO(self._path(name), "xb")
        _sync_folder(self.folder)
        self._file_name = name
        return file

    def _reopen(self, name: str) -> FileIO:
        """Open the youngest segment for appending, without what a power failure tore."""
        self._file_name = name
        path = self._path(name)
        whole = sum(size for size, _ in _frames(path, 0))
        os.truncate(path, whole)
        file = FileIO(path, "r+b")
        file.seek(whole)
        os.fsync(file.fileno())
        return file

    def _rotate(self) -> None:
        full, number = self._file, int(self._file_name.partition("-")[0])
        self._file = self._create(number + 1)
        self._end = 0
        full.close()

    def _write(self, data: bytes) -> None:
        if self._file.closed:
            raise OSError("an earlier write failed")
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())

    def _undo(self) -> None:
        """After a failed write: forget the part that was written."""
        try:
            self._file.truncate(self._end)
            self._file.seek(self._end)
        except OSError:
            # Whatever is left behind the end is cut off when the spool is opened next; until then nothing more is taken.
            self._file.close()

    def _read_segment(self, name: str, position: int, stop: int | None) -> Iterator[Batch]:
        path = self._path(name)
        last = path.stat().st_size if stop is None else stop
        for size, frame in _frames(path, position, last):
            yield self._batch(name, position, size, frame)
            position += size
        if position != last:
            raise SourceError(
                f"spool segment {str(path)!r} is damaged at byte {position}; check the disk, restore it from a backup"
            )

    def _batch(self, name: str, position: int, size: int, frame: _Frame) -> Batch:
        # A frame is longer than its records are many, so that every record has a position of its own.
        start, end = Cursor(name, position, {"received": frame.received}), Cursor(name, position + size)
        return Batch(frame.records, start, end, frame.senders, frame.lost)

    def _failure(self, what: str, error: OSError) -> SourceError:
        return SourceError(
            f"cannot {what} spool {str(self.folder)!r}: {error.strerror or error}; check its disk and permissions"
        )


def _now() -> int:
    return time.time_ns() // 1000


def _written(frame: _Frame) -> bytes:
    payload = msgspec.msgpack.encode(frame)
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def _frames(path: Path, position: int, last: int | None = None) -> Iterator[tuple[int, _Frame]]:
    """The frames of a segment with their sizes, up to the end or to the first that is not whole."""
    with path.open("rb") as file:
        file.seek(position)
        while last is None or position < last:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return
            length, checksum = _HEADER.unpack(header)
            payload = file.read(length)
            # An empty payload is no frame: a disk may come back with zeros where nothing had been written yet.
            if not payload or len(payload) < length or zlib.crc32(payload) != checksum:
                return
            position += _HEADER.size + length
            yield _HEADER.size + length, _decoder.decode(payload)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
