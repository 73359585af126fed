"""The bytes of a file by position, whether it is compressed or not."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from alert_core import SourceError

__all__ = ["Content", "GzipContent", "Stopped", "open_content"]

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 64 * 1024

Identity = tuple[int, int]
"""Device and inode: which file it is, as long as it exists."""


class Stopped(Exception):
    """The run is over; raised out of long work such as skipping through a compressed file."""


class Content:
    """A plain file, held open so that it can be read to its end after it has been renamed or removed."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = path
        self._file = file
        status = os.fstat(file.fileno())
        self.identity: Identity = (status.st_dev, status.st_ino)
        self.torn = False

    def at(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from a position on; fewer only where the content ends."""
        try:
            self._file.seek(position)
            return self._file.read(size) or b""
        except OSError as error:
            raise SourceError(f"cannot read {str(self.path)!r}: {error.strerror}; check the disk it is on") from error

    def length(self) -> int:
        """How many bytes there are now."""
        return os.fstat(self._file.fileno()).st_size

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the file changes: its size and modification time on disk."""
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


class GzipContent(Content):
    """A file compressed with gzip; positions count the bytes before compression.

    It is decompressed once from front to back. What was read last is kept, because the reader looks back a little.
    """

    def __init__(self, path: Path, file: FileIO, stopped: Callable[[], bool]) -> None:
        super().__init__(path, file)
        self._stopped = stopped
        self._rewind()

    def _rewind(self) -> None:
        self._file.seek(0)
        self._unpacked = gzip.GzipFile(fileobj=self._file, mode="rb")
        self._kept, self._base = b"", 0

    def at(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from a position on; fewer only where the content ends."""
        if position < self._base:
            self._rewind()
        while (missing := position + size - self._base - len(self._kept)) > 0:
            if self._base + len(self._kept) <= position:
                self._base, self._kept = self._base + len(self._kept), b""
            more = self._more(min(max(missing, _CHUNK), 16 * _CHUNK))
            if not more:
                break
            self._kept += more
        if position - self._base > len(self._kept):
            return b""
        self._kept, self._base = self._kept[position - self._base :], position
        return self._kept[:size]

    def _more(self, size: int) -> bytes:
        if self._stopped():
            raise Stopped
        try:
            # `read1`, because `read` would drop what it has when the file ends early.
            return self._unpacked.read1(size)
        except EOFError:
            self.torn = True
            return b""
        except (OSError, zlib.error) as error:
            raise SourceError(f"cannot decompress {str(self.path)!r}: {error}; check it with 'gzip -t'") from error

    def length(self) -> int:
        """How many bytes there are before compression."""
        position = self._base
        while data := self.at(position, _CHUNK):
            position += len(data)
        return position

    def close(self) -> None:
        """Give the file back."""
        self._unpacked.close()
        super().close()


def open_content(path: Path, stopped: Callable[[], bool]) -> Content:
    """Open a file for reading by position.

    Args:
        path: The file.
        stopped: Asked now and then; when it says yes, long work ends with `Stopped`.

    Raises:
        FileNotFoundError: There is no such file, perhaps not yet.
        SourceError: It cannot be opened, or is not a regular file.
    """
    try:
        file = FileIO(str(path), opener=_open_without_waiting)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SourceError(f"cannot open {str(path)!r}: {error.strerror}; check its path and permissions") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise SourceError(f"{str(path)!r} is not a regular file; pipe it into a source of type 'stdin'")
    return GzipContent(path, file, stopped) if file.read(2) == _GZIP_MAGIC else Content(path, file)


def _open_without_waiting(path: str, flags: int) -> int:
    # Opening a named pipe would wait for its writer, for ever and deaf to `stop`.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
