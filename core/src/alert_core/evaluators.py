"""State machines that decide when a condition is met.

An evaluator holds settings, never stream state: the engine owns `states[key]` and hands in the one that belongs to an event.
So the same evaluator runs in `alert run`, in `alert replay`, in a test and inside a distributed engine. It uses no clock, no
randomness, no `hash()`, no set order and no I/O; time comes in with events and with `on_timer`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from alert_core.model import Firing

__all__ = ["Emit", "Evaluator", "Hit"]

StateT = TypeVar("StateT")

Hit = Callable[[Any, datetime], None]
"""What the engine calls with an event that passed a condition's filters, and its time."""

Emit = Callable[[Firing, Any], None]
"""What a compiled evaluator calls when it fires, with the event that completed it."""


class Evaluator(ABC, Generic[StateT]):
    """The deterministic state machine of one condition.

    An evaluator only ever sees events that passed the condition's filters. A wake-up by `on_timer` that comes late, twice or
    never (and is replaced by the next event) must change no decision.

    Attributes:
        state_version: Version of what `dump` writes; `load` reads every older one.
        fields: The event fields that `key` and `on_event` look at besides time, type and count; `None`: the whole event.
            Naming them lets the engine decode no more than that.
        timed: Whether `next_timer` ever answers.
    """

    state_version: ClassVar[int] = 1
    fields: ClassVar[frozenset[str] | None] = None
    timed: ClassVar[bool] = False

    @abstractmethod
    def key(self, event: Any) -> str:
        """Which state an event belongs to: empty for one state per condition, the computer, an address, ..."""

    @abstractmethod
    def new_state(self) -> StateT:
        """A state that has seen nothing; plain containers of bounded size."""

    @abstractmethod
    def on_event(self, key: str, state: StateT, event: Any) -> Firing | None:
        """Take one event in; answer when the condition is met now."""

    def next_timer(self, state: StateT) -> datetime | None:
        """When `on_timer` has something to do, worked out from the state alone. Default: never."""
        return None

    def on_timer(self, key: str, state: StateT, at: datetime) -> Firing | None:
        """Time has reached `next_timer`."""
        return None

    @abstractmethod
    def dump(self, state: StateT) -> bytes:
        """The state as bytes; the first element is `state_version`."""

    @abstractmethod
    def load(self, raw: bytes) -> StateT:
        """The state that `dump` wrote, in this or any older version."""

    def expired(self, state: StateT, now: datetime) -> bool:
        """Whether a key may be forgotten without changing any decision. Default: never."""
        return False

    def states(self) -> MutableMapping[str, StateT]:
        """Where the engine keeps this condition's states. Default: a dict."""
        return {}

    def compile(self, states: MutableMapping[str, StateT], emit: Emit) -> Hit:
        """The function that the engine calls per event. Default: a loop over `on_event`."""

        def hit(event: Any, time: datetime) -> None:
            whole = event.event if self.fields is None else event
            key = self.key(whole)
            state = states.get(key)
            if state is None:
                state = states[key] = self.new_state()
            firing = self.on_event(key, state, whole)
            if firing is not None:
                emit(firing, event)

        return hit
