"""The part of an event that the configured conditions need, and nothing more.

Decoding is what limits speed, so a fast format decodes straight into a *projection*: a msgspec struct with the event's time,
type, count and just the fields that some condition looks at. The whole event is read again from its record when, and only when,
a condition fires.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from alert_core.model import Event

__all__ = ["BlockDecoder", "Projection"]

Scalar = str | int | float | bool | None
"""What a filter can look at; anything else is compared in its JSON form."""

BlockDecoder = Callable[[bytes], Sequence[Any]]
"""Turns a block of whole lines into projected events, one per non-blank line.

Raises `msgspec.MsgspecError` when any line does not fit; the core then decodes that block record by record.
"""

_ALWAYS: dict[str, Any] = {"time": Annotated[datetime, msgspec.Meta(tz=True)], "type": str}
_COUNT = Annotated[int, msgspec.Meta(ge=1)]


class Projection:
    """Which fields, and the struct that holds them.

    Args:
        fields: Names of event fields or attributes that conditions look at, besides time, type and count.
        numeric: Those among them that are only ever compared with numbers.
        whole: Whether some condition wants to see whole events; they then travel in the slot `event`.
    """

    def __init__(self, fields: Iterable[str], *, numeric: Iterable[str] = (), whole: bool = False) -> None:
        numbers = frozenset(numeric)
        extra = sorted(set(fields) - {"time", "type", "count"})
        self.whole = whole
        self.slots = {field: f"f{index}" for index, field in enumerate(extra)}
        self.slots.update(time="time", type="type", count="count")
        self.kinds: dict[str, Any] = {}
        for name in extra:
            if name == "computer":
                self.kinds[name] = str
            else:
                self.kinds[name] = float if name in numbers else Scalar
        self.numeric = frozenset(name for name in extra if name in numbers)
        self.fields = tuple(extra)
        self.struct = self.define({name: name for name in (*extra, "time", "type", "count")})

    def define(self, keys: dict[str, str], *, default_type: str | None = None) -> type[msgspec.Struct]:
        """A struct that decodes these fields from the given keys of a JSON object.

        Args:
            keys: Event field -> key in the record, for every field of the projection and time, type, count.
            default_type: The type of records that do not say one; `None`: they must.
        """
        fields: list[Any] = [("time", _ALWAYS["time"])]
        fields.append(("type", str) if default_type is None else ("type", str, default_type))
        for name in self.fields:
            kind = self.kinds[name]
            fields.append((self.slots[name], kind, math.nan if kind is float else ""))
        fields.append(("count", _COUNT, 1))
        if self.whole:
            fields.append(("event", Any, None))
        rename = {self.slots[name]: key for name, key in keys.items() if name in self.slots}
        return msgspec.defstruct("Projected", fields, gc=self.whole, rename=rename)

    def project(self, event: Event) -> Any:
        """The projection of a whole event."""
        values = {slot: self._value(event, name) for name, slot in self.slots.items()}
        if self.whole:
            values["event"] = event
        return self.struct(**values)

    def _value(self, event: Event, name: str) -> Any:
        value = event.get(name)
        if name in self.numeric:
            return _number(value)
        if value is None:
            return ""
        if isinstance(value, str | int | float | bool) or name == "time":
            return value
        return msgspec.json.encode(value).decode()


def _number(value: Any) -> float:
    """As a number; what is none becomes NaN, which every comparison refuses."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
