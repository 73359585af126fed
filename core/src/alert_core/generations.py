"""Where per-key states are kept when there may be a million keys: small, bounded, and forgetting by itself.

Most keys are seen once or twice and never again. So a state is *packed*: a bare time for one event, a list of times for
several, and only a key that fired keeps a whole state object. Keys live in two generations; touching one carries it over, and
when time enters a new span the older generation is dropped whole. A key is thus forgotten once it was not seen for one whole
span and its damper is over; spans are aligned to the clock of the events, so the same events forget the same keys, however
they were batched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

import msgspec

__all__ = ["NEVER", "Generations", "Packable", "States", "in_utc", "moved", "pack"]

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before every event."""

_END = datetime.max.replace(tzinfo=UTC)
_META = "\0"


def moved(time: datetime, span: timedelta) -> datetime:
    """A time moved by a span, but not over the edges of the calendar: senders may claim any time."""
    try:
        return time + span
    except OverflowError:
        return _END if span > timedelta(0) else NEVER


def in_utc(time: datetime) -> datetime:
    """The same time in UTC; the edge of the calendar where it is beyond that there."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return NEVER if time < datetime(2, 1, 1, tzinfo=UTC) else _END


def pack(value: Any) -> bytes:
    """A value with times in it as MessagePack, which knows no times that are beyond the calendar in UTC."""
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:
        return msgspec.msgpack.encode(_inside(value))


def _inside(value: Any) -> Any:
    if isinstance(value, datetime):
        return in_utc(value)
    if isinstance(value, dict):
        return {key: _inside(item) for key, item in value.items()}
    return [_inside(item) for item in value] if isinstance(value, list | tuple) else value


class _Codec(Protocol):
    def dump(self, state: Any) -> bytes: ...
    def load(self, raw: bytes) -> Any: ...


class States(dict[str, Any]):
    """The states of one condition, by key: a dict that can be saved, used unless an evaluator brings its own."""

    evicted = 0
    """How many keys were given up because there were too many."""

    report: Callable[[datetime, int], None] | None = None

    def enter(self, time: datetime) -> None:
        """Time has come to here."""

    def save(self, codec: _Codec) -> dict[str, bytes]:
        """Every state as bytes."""
        return {key: codec.dump(state) for key, state in self.items()}

    def restore(self, codec: _Codec, saved: dict[str, bytes]) -> None:
        """Take back what `save` gave."""
        self.clear()
        self.update((key, codec.load(raw)) for key, raw in saved.items())


class Packable(Protocol):
    """A state that may be as little as its times."""

    times: list[datetime]
    newest: datetime
    until: datetime

    def packable(self) -> bool:
        """Whether it is nothing but its times."""
        ...


class Generations(MutableMapping[str, Any]):
    """States of many keys, packed, in two generations.

    Args:
        span: How long a key must not be seen to be forgotten.
        unpack: Makes a state of times.
        limit: How many keys at most; beyond it the oldest go early and are counted in `evicted`.

    Attributes:
        report: Called with the time and the number of keys whenever some were given up early; set by the engine.
    """

    __slots__ = ("_span", "_unpack", "current", "edge", "evicted", "fired", "half", "previous", "report")

    def __init__(self, span: timedelta, unpack: Any, *, limit: int = 1_000_000) -> None:
        self.current: dict[str, Any] = {}
        self.previous: dict[str, Any] = {}
        self.fired: dict[str, Any] = {}
        self.edge = NEVER
        self.evicted = 0
        self.half = max(1, limit // 2)
        self.report: Callable[[datetime, int], None] | None = None
        self._span = span
        self._unpack = unpack

    def enter(self, time: datetime) -> None:
        """Time has come to here."""
        if time >= self.edge:
            self.rotate(time)

    def rotate(self, time: datetime) -> None:
        """Enter the span of `time`, which is at or after `edge`: what was not touched since the last one is dropped."""
        start = self.edge
        if start is NEVER or time >= _end_of_span(start, self._span):
            # Spans were skipped, so that even the younger generation is too old.
            start = time - (time - NEVER) % self._span
            self.current = {}
        self._turn(start)
        self.edge = _end_of_span(start, self._span)

    def _turn(self, start: datetime) -> None:
        self.previous, self.current = self.current, {}
        if self.fired:
            kept = self.previous
            self.fired = {key: state for key, state in self.fired.items() if state.until > start or key in kept}

    def _make_room(self, time: datetime) -> None:
        """Give up the older generation early when the younger one is half full."""
        given_up = len(self.previous)
        self.evicted += given_up
        self._turn(self.edge - self._span if self.edge > NEVER else NEVER)
        if given_up and self.report:
            self.report(time, given_up)

    def __getitem__(self, key: str) -> Any:
        """The state of a key, unpacked, and carried over into the younger generation."""
        if key in self.current:
            packed = self.current[key]
        else:
            packed = self.previous.pop(key, None)
            if packed is None:
                packed = self.fired[key]
            self.current[key] = packed
        if packed.__class__ is datetime:
            return self._unpack([packed])
        return self._unpack(packed) if packed.__class__ is list else packed

    def __setitem__(self, key: str, state: Packable) -> None:
        if key not in self.current and len(self.current) >= self.half:
            self._make_room(state.newest)
        if state.packable():
            self.current[key] = state.times[0] if len(state.times) == 1 else state.times
            return
        self.current[key] = state
        if state.until > NEVER:
            self.fired[key] = state

    def __delitem__(self, key: str) -> None:
        for generation in (self.current, self.previous, self.fired):
            generation.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        yield from self.current
        yield from self.previous
        yield from (key for key in self.fired if key not in self.current and key not in self.previous)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def save(self, codec: _Codec) -> dict[str, bytes]:
        """Every state as bytes, headed by its generation; and what belongs to none of them under a key of its own."""
        saved = {_META: pack((1, self.edge, self.evicted))}
        for key in self:
            age = 0 if key in self.current else 1 if key in self.previous else 2
            saved[_escape(key)] = b"%d" % age + codec.dump(self._peek(key))
        return saved

    def _peek(self, key: str) -> Any:
        for generation in (self.current, self.previous, self.fired):
            if key in generation:
                packed = generation[key]
                break
        if packed.__class__ is datetime:
            return self._unpack([packed])
        return self._unpack(packed) if packed.__class__ is list else packed

    def restore(self, codec: _Codec, saved: dict[str, bytes]) -> None:
        """Take back what `save` gave."""
        self.current, self.previous, self.fired = {}, {}, {}
        _, self.edge, self.evicted = msgspec.msgpack.decode(saved[_META], type=tuple[int, datetime, int])
        for escaped, raw in saved.items():
            if escaped == _META:
                continue
            key, state = escaped.removeprefix(_META), codec.load(raw[1:])
            if state.until > NEVER:
                self.fired[key] = state
            packed = (state.times[0] if len(state.times) == 1 else state.times) if state.packable() else state
            if raw[:1] != b"2":
                (self.current if raw[:1] == b"0" else self.previous)[key] = packed


@lru_cache(maxsize=1024)
def _end_of_span(start: datetime, span: timedelta) -> datetime:
    """Remembered, so that thousands of conditions with equal windows share one object, which stays in the processor's cache."""
    return moved(start, span)


def _escape(key: str) -> str:
    """No computer's name may pass for the container's own entry."""
    return _META + key if key.startswith(_META) else key
