"""One condition as the engine runs it: evaluator, filters, states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from alert_core.config.values import ConditionConfig
from alert_core.evaluators import Evaluator
from alert_core.filters import compile_filter
from alert_core.generations import NEVER, moved, pack
from alert_core.model import OWN_TYPES, Event, Firing

__all__ = ["Watch"]

_DAMPERS = "\0\0dampers"


@dataclass
class _Damper:
    until: datetime = NEVER
    suppressed: int = 0


class Watch:
    """A condition with its states.

    Args:
        number: Its place among the conditions.
        config: The condition, as configured.
        evaluator: Decides; built from the configuration.
    """

    def __init__(self, number: int, config: ConditionConfig, evaluator: Evaluator[Any], types: Iterable[str]) -> None:
        self.number, self.name, self.config, self.evaluator = number, config.name, config, evaluator
        self.types = frozenset(types)
        self.filters = [compile_filter(field, value) for field, value in config.where.items()]
        self.states = evaluator.states()
        self._dampers: dict[str, _Damper] = {}

    @property
    def damper(self) -> timedelta:
        """The damper that the engine keeps; none for evaluators that keep their own."""
        return timedelta(0) if self.evaluator.owns_damper else self.config.damper

    def fields(self) -> set[str]:
        """The event fields that deciding needs."""
        return {part.field for part in self.filters} | (self.evaluator.fields or frozenset())

    @property
    def single_type(self) -> str | None:
        """The one type of event that it is about; `None` when there are several or a glob."""
        if len(self.types) != 1:
            return None
        (only,) = self.types
        return None if any(character in only for character in "*?[") else only

    def wants(self, event_type: str) -> bool:
        """Whether events of this type concern it; a condition for every type means those of sources."""
        if not self.types:
            return event_type not in OWN_TYPES
        return event_type in self.types or any(fnmatchcase(event_type, wanted) for wanted in self.types)

    def passes(self, event: Event) -> bool:
        """Whether an event concerns it: the plain meaning of type and filters, which the compiled matcher must equal."""
        return self.wants(event.type) and all(part.test(event.get(part.field)) for part in self.filters)

    def dampen(self, firing: Firing) -> Firing | None:
        """Hold a firing back while the damper for its key is active."""
        if not self.damper:
            return firing
        key = firing.key if self.config.damper_per == "key" else ""
        damper = self._dampers.setdefault(key, _Damper())
        if firing.time < damper.until:
            damper.suppressed += firing.quantity
            return None
        firing = msgspec.structs.replace(firing, suppressed=damper.suppressed)
        damper.until, damper.suppressed = moved(firing.time, self.damper), 0
        return firing

    def due(self, now: datetime) -> list[tuple[datetime, str]]:
        """Times and keys whose timers have run out, in order."""
        if not self.evaluator.timed:
            return []
        timers = ((self.evaluator.next_timer(state), key) for key, state in self.states.items())
        return sorted((at, key) for at, key in timers if at is not None and at <= now)

    def forget(self, now: datetime) -> None:
        """Drop the keys that the evaluator calls expired, and the dampers that are over."""
        for key in [key for key, state in self.states.items() if self.evaluator.expired(state, now)]:
            del self.states[key]
        self._dampers = {key: damper for key, damper in self._dampers.items() if damper.until > now or damper.suppressed}

    def save(self) -> dict[str, bytes]:
        """Everything that decisions depend on, by key."""
        saved: dict[str, bytes] = self.states.save(self.evaluator)
        if self._dampers:
            saved[_DAMPERS] = pack({key: (it.until, it.suppressed) for key, it in self._dampers.items()})
        return saved

    def restore(self, saved: dict[str, bytes]) -> None:
        """Take back what `save` gave."""
        saved = dict(saved)
        dampers = msgspec.msgpack.decode(saved.pop(_DAMPERS, b"\x80"), type=dict[str, tuple[datetime, int]])
        self._dampers = {key: _Damper(until, suppressed) for key, (until, suppressed) in dampers.items()}
        self.states.restore(self.evaluator, saved)
