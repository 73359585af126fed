"""The body of a request, decompressed as it comes in, never larger than allowed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from http import HTTPStatus

from alert_web.receiver._fault import Fault, busy

__all__ = ["Body", "Budget", "check_length"]

_GZIP = 16 + zlib.MAX_WBITS
_RETRY_SECONDS = 5
_PIECE_BYTES = 64 * 1024


class Budget:
    """How many bytes all requests together may hold in memory.

    Args:
        limit_bytes: As many.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._left = limit_bytes

    def take(self, count: int) -> None:
        """Hold some more.

        Raises:
            Fault: There is no room.
        """
        if count > self._left:
            raise busy("too much is waiting to be written; send it again later", seconds=_RETRY_SECONDS)
        self._left -= count

    def give(self, count: int) -> None:
        """Hold some less."""
        self._left += count


class Body:
    """Collects what a request carries.

    Args:
        encoding: Its `Content-Encoding`.
        limit_bytes: The most that it may hold, decompressed.
        budget: Where the room comes from; `release` gives it back.

    Raises:
        Fault: The encoding is none that is understood.
    """

    def __init__(self, encoding: str, *, limit_bytes: int, budget: Budget) -> None:
        self._limit, self._budget = limit_bytes, budget
        self._content = bytearray()
        self._received = 0
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise Fault(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"content encoding {encoding[:40]!r} is not understood; send gzip, or leave it as it is",
                headers={"Accept-Encoding": "gzip, identity"},
            )
        self._gzip = zlib.decompressobj(_GZIP) if "gzip" in encoding else None

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            Fault: It is too much, or cannot be decompressed.
        """
        if self._gzip is None:
            self._keep(data)
        else:
            self._inflate(data)
        self._received += len(data)

    def finish(self) -> bytes:
        """All of it.

        Raises:
            Fault: It is compressed, and ends too early.
        """
        if self._gzip is not None and not self._gzip.eof:
            raise Fault(HTTPStatus.BAD_REQUEST, "the gzip stream ends too early", place={"offset": self._received})
        return bytes(self._content)

    def release(self) -> None:
        """Give the room back."""
        self._budget.give(len(self._content))
        self._content = bytearray()

    def _inflate(self, data: bytes) -> None:
        rest = data
        while rest:
            gzip = self._gzip
            assert gzip is not None
            if gzip.eof:  # another member may follow
                gzip = self._gzip = zlib.decompressobj(_GZIP)
            try:
                self._keep(gzip.decompress(rest, _PIECE_BYTES))
            except zlib.error as error:
                offset = self._received + len(data) - len(rest)
                raise Fault(HTTPStatus.BAD_REQUEST, f"not gzip: {error}", place={"offset": offset}) from error
            rest = gzip.unused_data if gzip.eof else gzip.unconsumed_tail
        while self._gzip is not None and not self._gzip.eof and (more := self._gzip.decompress(b"", _PIECE_BYTES)):
            self._keep(more)

    def _keep(self, data: bytes) -> None:
        if len(self._content) + len(data) > self._limit:
            raise _too_large(self._limit)
        self._budget.take(len(data))
        self._content += data


def check_length(headers: Mapping[str, str], limit_bytes: int) -> None:
    """Refuse what says itself that it is too large.

    Raises:
        Fault: It does.
    """
    if int(headers.get("content-length", "0")) > limit_bytes:
        raise _too_large(limit_bytes)


def _too_large(limit_bytes: int) -> Fault:
    return Fault(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {limit_bytes} bytes; send less at once")
