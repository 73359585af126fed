"""Characters in bytes: where lines end in an encoding, and what they are in UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Text", "normal_encoding"]

# That of UTF-32 first, because it begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


def normal_encoding(name: str) -> str:
    """The name of an encoding as Python spells it, for text that has no byte order mark.

    Raises:
        ValueError: There is no such encoding, or lines cannot be told in its bytes.
    """
    try:
        known = codecs.lookup(name).name
        known = _WITHOUT_MARK.get(known, known)
        feed = "\n".encode(known)
    except (LookupError, UnicodeError) as error:
        raise ValueError(f"{name!r} is not the name of an encoding, such as utf-8, utf-16 or cp1252") from error
    if feed.strip(b"\0") != b"\n":
        raise ValueError(f"lines cannot be told in the encoding {name!r}")
    return known


@dataclass(frozen=True)
class Text:
    """How a file's bytes read.

    Attributes:
        encoding: As Python spells it.
        mark: How long the byte order mark at the beginning is.
    """

    encoding: str
    mark: int = 0

    @classmethod
    def of(cls, encoding: str, head: bytes) -> Text:
        """The encoding of a file that begins like this: what its byte order mark says, else the given one."""
        for mark, marked in _MARKS:
            if head.startswith(mark):
                return cls(marked, len(mark))
        return cls(encoding)

    @property
    def plain(self) -> bool:
        """Whether the bytes can be used as they are; who reads them replaces what is not UTF-8."""
        return self.encoding in ("utf-8", "ascii")

    @property
    def feed(self) -> bytes:
        """A line feed."""
        return "\n".encode(self.encoding)

    def end_of_lines(self, data: bytes, start: int = 0) -> int:
        """Where the last whole line ends that begins at or after `start`, itself the beginning of a character."""
        feed, end = self.feed, len(data)
        while (found := data.rfind(feed, start, end)) >= 0:
            if (found - start) % len(feed) == 0:
                return found + len(feed)
            end = found + len(feed) - 1
        return start

    def lines(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Where each line begins, and its bytes with the line end."""
        feed, begin, search = self.feed, 0, 0
        while (found := data.find(feed, search)) >= 0:
            if (found - begin) % len(feed):
                search = found + 1
                continue
            search = found + len(feed)
            yield begin, data[begin:search]
            begin = search
        if begin < len(data):
            yield begin, data[begin:]

    def utf8(self, data: bytes) -> bytes:
        """The same text in UTF-8, with a replacement character for each fault."""
        return data if self.plain else data.decode(self.encoding, "replace").encode("utf-8", "replace")
