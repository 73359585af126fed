"""Compressed files, read by the position that their bytes had before."""

from __future__ import annotations

from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

from alert_core import SourceError
from alert_file._content import Content, Stopped

__all__ = ["SUFFIXES", "PackedContent", "packing"]

SUFFIXES = (".gz", ".bz2", ".xz", ".zst")

_CHUNK = 64 * 1024
_HEAD_BYTES = 16 * 1024

Unpack = Callable[[FileIO], Any]
"""Makes a file object, with `read1`, of a compressed one."""


def packing(path: Path, magic: bytes) -> Unpack | None:
    """How to decompress a file that begins with these bytes; `None` if it is not compressed.

    Raises:
        SourceError: It is, but what decompresses it is not installed.
    """
    if magic.startswith(b"\x1f\x8b"):
        import gzip

        return lambda file: gzip.GzipFile(fileobj=file, mode="rb")
    if magic.startswith(b"BZh"):
        import bz2

        return bz2.BZ2File
    if magic.startswith(b"\xfd7zXZ\0"):
        import lzma

        return lzma.LZMAFile
    return _zstandard(path) if magic.startswith(b"\x28\xb5\x2f\xfd") else None


def _zstandard(path: Path) -> Unpack:
    try:
        from compression.zstd import ZstdFile  # type: ignore[import-not-found, unused-ignore]  # since Python 3.14
    except ImportError:
        try:
            from backports.zstd import ZstdFile
        except ImportError as error:
            raise SourceError(f"{str(path)!r} is compressed with zstd; pip install 'alert-file[zstd]'") from error
    unpack: Unpack = ZstdFile
    return unpack


class PackedContent(Content):
    """A compressed file; positions count the bytes before compression.

    It is decompressed once from front to back. What was read last is kept, because the reader looks back a little, and so is
    the beginning, by which a file is recognised.
    """

    def __init__(self, path: Path, file: FileIO, unpack: Unpack, stopped: Callable[[], bool]) -> None:
        super().__init__(path, file)
        self._unpack, self._stopped = unpack, stopped
        self._head = b""
        self._rewind()
        self._head = self.at(0, _HEAD_BYTES)

    def _rewind(self) -> None:
        self._file.seek(0)
        self._unpacked = self._unpack(self._file)
        self._kept, self._base = b"", 0

    def at(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from a position on; fewer only where the content ends."""
        if position + size <= len(self._head):
            return self._head[position : position + size]
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
            data: bytes = self._unpacked.read1(size)
        except EOFError:
            self.torn = True
            return b""
        except Exception as error:  # every library has errors of its own for damaged data
            hint = "check it with the program that compressed it"
            raise SourceError(f"cannot decompress {str(self.path)!r}: {error}; {hint}") from error
        return data

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
