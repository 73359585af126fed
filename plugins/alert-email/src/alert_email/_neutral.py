"""Text from events, made harmless for a mail, and the form in which headers carry it.

The standard library's `EmailMessage` is not used: it decodes encoded words in the text of a header, so that a subject taken
from an event, such as `=?utf-8?q?a=0D=0ABcc:_x@y?=`, would add a header (seen with Python 3.11).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator

__all__ = ["LINE_LIMIT", "header", "one_line", "plain"]

LINE_LIMIT = 900
"""How long a line of ASCII may be before it is encoded; RFC 5321 allows 998 bytes."""

# What ends a line, moves a cursor or turns the direction of writing around.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_HARMFUL_IN_BODY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# RFC 2047 wants lines of at most 76; room for the longest name of a header is left.
_WORD_BYTES = 30


def one_line(text: str) -> str:
    """For a header or a cell of a table: harmful characters in a row become one blank."""
    return text if text.isprintable() else _HARMFUL.sub(" ", text)


def plain(text: str) -> str:
    """For a body: lines end in a line feed, other harmful characters but the tab are shown as escapes."""
    return _HARMFUL_IN_BODY.sub(_escaped, text.replace("\r\n", "\n").replace("\r", "\n"))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def header(line: str) -> str:
    """One line in the form from which every reader gets it back as it was: encoded words, unless ASCII can stand as it is."""
    if line.isascii() and "=?" not in line and len(line) <= LINE_LIMIT and line == line.strip(" "):
        return line
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(line.encode()))


def _pieces(text: bytes) -> Iterator[bytes]:
    """Cut UTF-8 into encoded words, never inside a character."""
    start = 0
    while start < len(text):
        end = start + _WORD_BYTES
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        yield text[start:end]
        start = end
