"""State machines that decide when a condition is met.

An evaluator holds settings, never stream state: the engine owns `states[key]` and hands in the one that belongs to an event.
So the same evaluator runs in `alert run`, in `alert replay`, in a test and inside a distributed engine. It uses no clock, no
randomness, no `hash()`, no set order and no I/O; time comes in with events and with `on_timer`.
"""

from __future__ import annotations

import functools
import hashlib
import linecache
import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from alert_core.generations import States
from alert_core.model import Firing

__all__ = ["Built", "Emit", "Evaluator", "Guard", "Hit", "build", "define", "loop_of", "source_of"]

StateT = TypeVar("StateT")

Hit = Callable[[Any, datetime], None]
"""What the engine calls with an event that passed a condition's filters, and its time."""

Emit = Callable[[Firing | Exception, Any], None]
"""What a compiled evaluator calls when it fires, with the event that completed it; or with what it raised."""


@dataclass(frozen=True)
class Guard:
    """The filters that are still to be decided when an event reaches a condition.

    Attributes:
        expression: Python over `event` and, as `{own}name`, the names of `values`; empty when nothing is left to decide.
        values: What these names stand for.
    """

    expression: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


class Built:
    """The base of generated classes: an instance holds what one condition works with, `hit` and `loop` are what it does."""

    __slots__ = ()


def build(template: str, guard: Guard, names: Mapping[str, Any]) -> Hit:
    """Make the function of a template, which says what is done with one `event` of a `time`.

    In a template, `{guard}` stands alone on the first line, for the filters; `{done}` alone on a line where nothing is left to
    do; and `{own}name` for a value. Values never become source text, so that conditions of one shape share one class; and what
    one of them works with lies together in memory, which counts when there are ten thousand of them.
    """
    values = {name: _same(value) if type(value) in _PLAIN else value for name, value in {**names, **guard.values}.items()}
    hit: Hit = _shape(template, guard.expression, tuple(values))(*values.values()).hit
    return hit


def loop_of(hit: Hit) -> Callable[[Sequence[Any]], None]:
    """The same for many events, one after the other; what `build` made needs no call for each of them."""
    owner = getattr(hit, "__self__", None)
    if isinstance(owner, Built):
        loop: Callable[[Sequence[Any]], None] = owner.loop  # type: ignore[attr-defined]
        return loop

    def loop_by_hand(events: Sequence[Any]) -> None:
        for event in events:
            hit(event, event.time)

    return loop_by_hand


_PLAIN = frozenset({int, float, str, bytes, frozenset, timedelta})


@functools.lru_cache(maxsize=4096, typed=True)
def _same(value: Any) -> Any:
    """One object for all that are equal: thousands of conditions then find it in the processor's cache."""
    return value


@functools.lru_cache(maxsize=4096)
def _shape(template: str, expression: str, names: tuple[str, ...]) -> Any:
    guarded = f"if not ({expression}):\n    {{done}}" if expression else "pass"
    body = template.replace("{guard}", guarded).removeprefix("pass\n")
    source = _CLASS.format(
        slots=names,
        names=", ".join(names),
        kept="\n        ".join(f"own.{name} = {name}" for name in names),
        hit=textwrap.indent(body.replace("{done}", "return").replace("{own}", "own."), " " * 8),
        taken="\n        ".join(f"{name} = own.{name}" for name in names),
        loop=textwrap.indent(_TAKEN.sub("", body.replace("{done}", "continue").replace("{own}", "")), " " * 12),
    )
    return define(source, "Shape", {"Built": Built})


_TAKEN = re.compile(r"^ *(\w+) = \1\n", re.MULTILINE | re.ASCII)
"""What a loop has done before it begins."""

_CLASS = """\
class Shape(Built):
    __slots__ = {slots}

    def __init__(own, {names}):
        {kept}

    def hit(own, event, time):
{hit}
    def loop(own, events):
        {taken}
        for event in events:
            time = event.time
{loop}"""


def define(source: str, name: str, space: dict[str, Any]) -> Any:
    """Execute generated source and give what it defines under `name`; tracebacks and `source_of` can show it."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    file = f"<generated {digest}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), space)  # noqa: S102 made of our own templates and of checked names, never of values
    return space[name]


def source_of(function: Callable[..., Any]) -> str:
    """The generated source of a function, or nothing if it was written by hand."""
    file = function.__code__.co_filename
    return "".join(linecache.getlines(file)) if file.startswith("<generated ") else ""


class Evaluator(ABC, Generic[StateT]):
    """The deterministic state machine of one condition.

    An evaluator only ever sees events that passed the condition's filters. A wake-up by `on_timer` that comes late, twice or
    never (and is replaced by the next event) must change no decision.

    Attributes:
        state_version: Version of what `dump` writes; `load` reads every older one.
        fields: The event fields that `key` and `on_event` look at besides time, type and count; `None`: the whole event.
            Naming them lets the engine decode no more than that.
        timed: Whether `next_timer` ever answers.
        owns_damper: Whether it keeps the damper itself; the engine puts one behind those that do not.
    """

    state_version: ClassVar[int] = 1
    fields: ClassVar[frozenset[str] | None] = None
    timed: ClassVar[bool] = False
    owns_damper: ClassVar[bool] = False

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

    def states(self) -> Any:
        """Where the engine keeps this condition's states: a `States` or what behaves like one. Default: a dict."""
        return States()

    def compile(self, states: Any, emit: Emit, guard: Guard) -> Hit:
        """The function that the engine calls per event. Default: `on_event` behind the guard."""

        def take(event: Any, time: datetime) -> None:
            states.enter(time)
            whole = event.event if self.fields is None else event
            try:
                key = self.key(whole)
                state = states.get(key)
                if state is None:
                    state = self.new_state()
                firing = self.on_event(key, state, whole)
            except Exception as error:  # noqa: BLE001 an evaluator may be a plugin's, and its fault takes out this event for it alone
                emit(error, event)
                return
            states[key] = state
            if firing is not None:
                emit(firing, event)

        return build(_GUARDED, guard, {"take": take}) if guard.expression else take


_GUARDED = """\
{guard}
{own}take(event, time)
"""
