"""The few encodings of BER that a trap is made of.

`pyasn1` can do all of it, but takes most of a millisecond for a trap, in which it checks what the types here already promise.
Object identifiers, where its care counts, still come from `pyasn1`, once.
"""

from __future__ import annotations

from functools import lru_cache

INTEGER, OCTETS, SEQUENCE, ADDRESS, GAUGE, TICKS = 0x02, 0x04, 0x30, 0x40, 0x42, 0x43


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length, value."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A whole number in as few bytes as hold it with its sign."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    """An octet string."""
    return tlv(OCTETS, value)


def sequence(*parts: bytes, tag: int = SEQUENCE) -> bytes:
    """Several values as one."""
    return tlv(tag, b"".join(parts))


@lru_cache(maxsize=256)
def oid(text: str) -> bytes:
    """An object identifier, from its dotted form."""
    from pyasn1.codec.ber import encoder  # type: ignore[import-untyped]
    from pyasn1.type import univ  # type: ignore[import-untyped]

    encoded: bytes = encoder.encode(univ.ObjectIdentifier(text))
    return encoded
