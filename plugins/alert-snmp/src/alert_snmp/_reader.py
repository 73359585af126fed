"""Reads BER: what `_ber` writes, and what others send.

`pyasn1` can do all of it, but a receiver has to keep up with thousands of traps per second, and with whoever sends it rubbish.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["BerError", "element", "elements", "expect", "integer", "oid"]

_LONG, _MAX_LENGTH_BYTES = 0x80, 4
_MAX_ARCS, _MAX_ARC = 128, 2**32 - 1
_MAX_INTEGER_BYTES = 9


class BerError(ValueError):
    """Some bytes are no BER; the message says where."""


def element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """The tag of the element that begins here, and where its content begins and ends.

    Raises:
        BerError: It is cut off, or has a length that says nothing.
    """
    start = at + 2
    if start > end:
        raise BerError(f"cut off at byte {at}")
    size = data[at + 1]
    if size >= _LONG:
        count = size & ~_LONG
        if not 1 <= count <= _MAX_LENGTH_BYTES or start + count > end:
            raise BerError(f"unusable length at byte {at + 1}")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + size > end:
        raise BerError(f"the element at byte {at} is longer than what holds it")
    return data[at], start, start + size


def expect(data: bytes, at: int, end: int, *tags: int) -> tuple[int, int]:
    """Where the content of the element that begins here begins and ends.

    Raises:
        BerError: It is none, or has another tag.
    """
    if at < end and data[at] not in tags:
        raise BerError(f"tag 0x{data[at]:02x} at byte {at}, where 0x{tags[0]:02x} was expected")
    return element(data, at, end)[1:]


def elements(data: bytes, at: int, end: int) -> list[tuple[int, int, int]]:
    """All elements of a content, each as `element` says.

    Raises:
        BerError: One of them is none.
    """
    found = []
    while at < end:
        found.append(element(data, at, end))
        at = found[-1][2]
    return found


def integer(content: bytes, *, signed: bool = True) -> int:
    """A whole number. Counters count as positive even where the sender forgot the zero in front.

    Raises:
        BerError: It is empty, or longer than any that SNMP has.
    """
    if not 1 <= len(content) <= _MAX_INTEGER_BYTES:
        raise BerError(f"a number of {len(content)} bytes")
    return int.from_bytes(content, "big", signed=signed)


@lru_cache(maxsize=4096)
def oid(content: bytes) -> str:
    """An object identifier in dotted form.

    Raises:
        BerError: It is none.
    """
    arcs, arc = [], 0
    for byte in content:
        if byte == _LONG and not arc:
            raise BerError("an object identifier with a number that begins with zeros")
        arc = arc << 7 | byte & ~_LONG
        if arc > _MAX_ARC + 80:
            raise BerError("an object identifier with a number that is too large")
        if not byte & _LONG:
            arcs.append(arc)
            arc = 0
    if not arcs or content[-1] & _LONG or len(arcs) >= _MAX_ARCS:
        raise BerError("an object identifier that is cut off, empty or too long")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
