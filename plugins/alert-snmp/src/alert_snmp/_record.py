"""What goes to disk of each datagram: a JSON object that says all that is needed, and no community."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import msgspec

from alert_snmp._messages import Object

__all__ = ["Record", "decoder", "identities"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of the source: a notification, a datagram that is none, or what was refused.

    When it came is said by where it is kept.

    Attributes:
        sender: The address that it came from.
        id: The same for the same message, so that it is not taken twice; empty where a repetition cannot be told.
        version: `v1`, `v2c` or `v3`.
        confirm: Whether it was an inform.
        user: Who sent it, of version 3.
        level: How it was protected: `noAuthNoPriv`, `authNoPriv` or `authPriv`.
        engine: The engine that it comes from, in hexadecimal.
        context: The context that the engine names.
        trap: Which notification it is.
        uptime: Since when the sender runs, in hundredths of a second.
        agent: The address of whom it is about, if that was said.
        objects: What it carries.
        fault: Why it could not be read.
        unread: What could not be read, in hexadecimal.
        refused: Why messages were refused; this record stands for `count` of them, of which the last came from `sender`.
        count: How many.
    """

    sender: str = ""
    id: str = ""
    version: str = ""
    confirm: bool = False
    user: str = ""
    level: str = ""
    engine: str = ""
    context: str = ""
    trap: str = ""
    uptime: int = 0
    agent: str = ""
    objects: list[Object] = []
    fault: str = ""
    unread: str = ""
    refused: str = ""
    count: int = 1

    def to_bytes(self) -> bytes:
        """As it is written down."""
        return _encoder.encode(self)


class _Identified(msgspec.Struct):
    id: str = ""


_encoder = msgspec.json.Encoder()
decoder = msgspec.json.Decoder(Record)
_identified = msgspec.json.Decoder(_Identified)


def identities(records: Iterable[bytes]) -> Iterator[str]:
    """The identities of the records that have one."""
    for record in records:
        with contextlib.suppress(msgspec.MsgspecError):
            if identity := _identified.decode(record).id:
                yield identity
