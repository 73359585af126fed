"""The part of an event that the configured conditions need, and nothing more.

Decoding is what limits speed, so a fast format decodes straight into a *projection*: a msgspec struct with the event's time,
type, count and just the fields that some condition looks at. The whole event is read again from its record when, and only when,
a condition fires.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from alert_core.filters import as_number
from alert_core.generations import in_utc
from alert_core.model import EVENT_FIELDS, Event

__all__ = ["PORT_FIELDS", "RECEIVED_FROM", "TEXT_FIELDS", "BlockDecoder", "Projection"]

RECEIVED_FROM = "received_from"
"""The attribute that tells the address from which a record came."""

Scalar = str | int | float | bool | None
"""What a filter can look at; anything else is compared in its JSON form."""

BlockDecoder = Callable[[bytes], Sequence[Any]]
"""Turns a block of whole lines into projected events, one per non-blank line.

Raises `msgspec.MsgspecError` when any line does not fit; the core then decodes that block record by record.
"""

_ALWAYS: dict[str, Any] = {"time": Annotated[datetime, msgspec.Meta(tz=True)], "type": str}
# More than this is no count but a fault or an attack; sums of counts stay numbers of 64 bits.
_MOST = 1_000_000_000
_COUNT = Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
_PORT = int | None
_KINDS: dict[str, Any] = {
    "computer": str,
    "severity": str | int | float | None,
    "source_port": _PORT,
    "destination_port": _PORT,
}
_MISSING: dict[Any, Any] = {float: math.nan, _PORT: None}


class Projection:
    """Which fields, and the struct that holds them.

    Args:
        fields: Names of event fields or attributes that conditions look at, besides time, type and count.
        numeric: Those among them that are only ever compared with numbers.
        whole: Whether some condition wants to see whole events; they then travel in the slot `event`.
    """

    def __init__(self, fields: Iterable[str], *, numeric: Iterable[str] = (), whole: bool = False) -> None:
        # A port is a whole number or none, whatever it is compared with.
        numbers = frozenset(name for name in numeric if _KINDS.get(name) != _PORT)
        extra = sorted(set(fields) - {"time", "type", "count"})
        self.whole = whole
        # An attribute may be called anything; an event field's name is fit to be an attribute of a struct.
        self.slots = {field: field if field in EVENT_FIELDS else f"f{index}" for index, field in enumerate(extra)}
        self.slots.update(time="time", type="type", count="count")
        self.kinds = {name: float if name in numbers else _KINDS.get(name, _kind(name)) for name in extra}
        self.numeric = frozenset(name for name in extra if name in numbers)
        self.fields = tuple(extra)
        # Most of what is wanted stands in the event as it is; to get that at once is several times faster.
        # What has to be worked out has just its place kept, by the type once more.
        worked_out = [name for name in extra if name not in EVENT_FIELDS or name in numbers]
        self._take = attrgetter("type", *("type" if name in worked_out else name for name in extra), "count")
        self._worked_out = [(name, self.slots[name]) for name in worked_out]
        self.struct = self.define({name: name for name in (*extra, "time", "type", "count")})

    def define(
        self, keys: dict[str, str], *, default_type: str | None = None, order: Iterable[str] = ()
    ) -> type[msgspec.Struct]:
        """A struct that decodes these fields from the given keys of a JSON object.

        Args:
            keys: Event field -> key in the record, for every field of the projection and time, type, count.
            default_type: The type of records that do not say one; `None`: they must.
            order: Keys as they usually follow each other. The decoder looks first for the one that comes next, so that any
                other order of the struct's fields makes it search.
        """
        fields: list[Any] = [("time", _ALWAYS["time"])]
        fields.append(("type", str) if default_type is None else ("type", str, default_type))
        for name in self.fields:
            kind = self.kinds[name]
            fields.append((self.slots[name], kind, _MISSING.get(kind, "")))
        fields.append(("count", _COUNT, 1))
        if self.whole:
            fields.append(("event", Any, None))
        rename = {self.slots[name]: key for name, key in keys.items() if name in self.slots}
        places = {key: place for place, key in enumerate(order)}
        if places:
            fields.sort(key=lambda field: places.get(rename.get(field[0], ""), len(places)))
        return msgspec.defstruct("Projected", fields, gc=self.whole, rename=rename, kw_only=bool(places))

    def project(self, event: Event) -> Any:
        """The projection of a whole event."""
        time = event.time
        if not isinstance(time.tzinfo, timezone):
            # In a zone whose offset changes, the standard library computes with the clock on the wall.
            time = in_utc(time)
        item: Any = self.struct(time, *self._take(event))
        if not 1 <= item.count <= _MOST:
            item.count = max(1, min(item.count, _MOST))
        for name, slot in self._worked_out:
            setattr(item, slot, self._value(event, name))
        if self.whole:
            item.event = event
        return item

    def name_sender(self, item: Any, sender: str) -> None:
        """Say in a projected event who sent its record; who names no computer is the computer."""
        if "computer" in self.slots and not item.computer:
            item.computer = sender
        if RECEIVED_FROM in self.slots:
            setattr(item, self.slots[RECEIVED_FROM], as_number(sender) if RECEIVED_FROM in self.numeric else sender)

    def _value(self, event: Event, name: str) -> Any:
        value = event.get(name)
        if name in self.numeric:
            return as_number(value)
        if isinstance(value, str | int | float | bool):
            return value
        return "" if value is None else msgspec.json.encode(value).decode()


PORT_FIELDS = frozenset(name for name, kind in _KINDS.items() if kind == _PORT)
"""Fields that are a whole number or null whatever the record says."""

TEXT_FIELDS = EVENT_FIELDS - _KINDS.keys() - {"time", "type", "count", "flags"} | {"computer"}
"""Fields that are a text or null whatever the record says."""


def _kind(name: str) -> Any:
    """What a field is decoded as. It must say the same as the whole event does, or refuse, so that the whole event is asked."""
    return str | None if name in EVENT_FIELDS else Scalar
