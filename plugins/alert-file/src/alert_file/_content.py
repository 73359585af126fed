"""The bytes of a file by position, whether it is compressed or not."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from alert_core import SourceError

__all__ = ["Content", "Identity", "Stopped", "open_content"]

Identity = tuple[int, int]
"""Device and inode: which file it is, as long as it exists."""


class Stopped(Exception):
    """The run is over; raised out of long work such as skipping through a compressed file."""


class Content:
    """A plain file, held open so that it can be read to its end after it has been renamed or removed.

    Attributes:
        torn: Whether it ended in the middle of its compressed data.
    """

    torn = False

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = path
        self._file = file
        status = os.fstat(file.fileno())
        self.identity: Identity = (status.st_dev, status.st_ino)

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
    # Here, because it derives from what is above.
    from alert_file._packed import PackedContent, packing

    try:
        unpack = packing(path, file.read(6))
        return Content(path, file) if unpack is None else PackedContent(path, file, unpack, stopped)
    except BaseException:
        file.close()
        raise


def _open_without_waiting(path: str, flags: int) -> int:
    # Opening a named pipe would wait for its writer, for ever and deaf to `stop`.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
