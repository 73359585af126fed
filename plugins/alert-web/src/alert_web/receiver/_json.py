"""The objects in a JSON text, each as it was written.

The fast library checks and cuts. What it refuses is read once more by the one of Python, which knows exactly where the fault
is, and takes what only looks like one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import NoReturn

import msgspec

from alert_web.receiver._fault import Fault

__all__ = ["objects", "single_object"]

_MARK = b"\xef\xbb\xbf"
_ESCAPE = "surrogateescape"  # keeps what is not UTF-8, and so every offset
# Each element costs the fast library some memory, however short it is; an array that may have more is read one by one.
_MOST_COMMAS = 500_000

_anything = msgspec.json.Decoder(msgspec.Raw)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_blank = re.compile(r"[ \t\r\n]*")


def single_object(text: bytes) -> bytes:
    """The object that a text is.

    Raises:
        Fault: It is none; says at which offset.
    """
    if not _well_formed(text):
        return _Reader(text).only()
    if not text.startswith(b"{"):
        raise _fault("not a JSON object", 0)
    return text


def objects(body: bytes) -> Iterator[bytes]:
    """The object that a body is, or the objects in its array.

    Raises:
        Fault: There is something else; says at which offset, and in which element of an array.
    """
    if not body.startswith(b"{") or not _well_formed(body):
        yield from _elements(body)
    else:
        yield body


def _elements(body: bytes) -> Iterator[bytes]:
    text = body.removeprefix(_MARK)
    start = len(body) - len(text)
    if not text.startswith(b"[") or text.count(b",") > _MOST_COMMAS or not _well_formed(text):
        yield from _Reader(text, start).each()
        return
    offset = 0
    for number, raw in enumerate(_array.decode(text), 1):
        element = bytes(raw)
        offset = text.index(element, offset)
        if not element.startswith(b"{"):
            raise _fault("not a JSON object", start + offset, number)
        yield element
        offset += len(element)


def _well_formed(text: bytes) -> bool:
    try:
        _anything.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


class _Reader:
    """Reads one value after the other, with the library of Python.

    Args:
        body: The text.
        start: What to add to every offset.
    """

    def __init__(self, body: bytes, start: int = 0) -> None:
        self._text = body.decode("utf-8", _ESCAPE)
        self._start, self._place = start, 0
        self._decoder = json.JSONDecoder(parse_constant=_refuse)

    def only(self) -> bytes:
        """The object that all of it is."""
        if not self._peek():
            raise self._fault("the body is empty")
        found = self._object()
        if self._peek():
            raise self._fault("not JSON: something follows the object")
        return found

    def each(self) -> Iterator[bytes]:
        """The objects in an array, or the object that it is."""
        if self._peek() != "[":
            yield self.only()
            return
        self._place += 1
        number = 0
        while self._peek() != "]" or number:
            number += 1
            yield self._object(number)
            if (after := self._peek()) not in (",", "]"):
                raise self._fault("not JSON: an array goes on with a comma or ends", number)
            if after == "]":
                break
            self._place += 1
        self._place += 1
        if self._peek():
            raise self._fault("not JSON: something follows the array")

    def _peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        match = _blank.match(self._text, self._place)
        self._place = match.end() if match else self._place
        return self._text[self._place : self._place + 1]

    def _object(self, number: int = 0) -> bytes:
        self._peek()
        begin = self._place
        try:
            value, self._place = self._decoder.raw_decode(self._text, begin)
        except json.JSONDecodeError as error:
            self._place = error.pos
            raise self._fault(f"not JSON: {error.msg}", number) from error
        except RecursionError as error:
            raise self._fault("nested too deeply", number) from error
        except ValueError as error:  # NaN, or a number with thousands of digits
            raise self._fault(f"not JSON: {error}", number) from error
        if not isinstance(value, dict):
            self._place = begin
            raise self._fault("not a JSON object", number)
        text = self._text[begin : self._place].encode("utf-8", _ESCAPE)
        # Halves of characters, which no text can hold.
        return text if _well_formed(text) else json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")

    def _fault(self, problem: str, number: int = 0) -> Fault:
        return _fault(problem, self._start + len(self._text[: self._place].encode("utf-8", _ESCAPE)), number)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _fault(problem: str, offset: int, number: int = 0) -> Fault:
    place = {"record": number} if number else {}
    return Fault(HTTPStatus.BAD_REQUEST, problem, place={**place, "offset": offset})
