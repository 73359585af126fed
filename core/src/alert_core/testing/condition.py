"""What every condition must do, as tests that its author inherits.

class TestBurst(ConditionConformance):
    condition = BurstCondition
    settings = {"count": 3}

    def events(self):
        return [event(computer="a") for _ in range(3)]
"""

from __future__ import annotations

import random as randomness
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, NoReturn

import msgspec
import pytest

from alert_core.components import Condition, Context
from alert_core.config.values import ConditionConfig
from alert_core.engine import Engine
from alert_core.model import Event, Firing, Message
from alert_core.testing.component import ComponentConformance
from alert_core.testing.hostile import notifications
from alert_core.testing.levels import gold, silver, spare

__all__ = ["ConditionConformance"]


class ConditionConformance(ComponentConformance):
    """The tests that every condition passes. They run it inside the engine, as `alert run` does, without a damper.

    Attributes:
        condition: The class under test.
        settings: Valid settings, as they would stand in `alert.toml`.
        hostile_count: How many hostile events it has to take.
    """

    kind = "condition"
    condition: ClassVar[type[Condition[Any]]]
    hostile_count: ClassVar[int] = 300

    def events(self) -> Sequence[Event]:
        """Events, in order, that meet the condition with `settings` at least once."""
        raise NotImplementedError

    @silver
    def test_events_meet_it_and_it_finds_words(self, context: Context) -> None:
        condition, firings = self.made(self.settings, context), self._decided(self.events())

        assert firings, "the events must meet the condition at least once"
        for firing in firings:
            message = condition.message(firing)
            assert isinstance(message, Message), f"message() must return a Message, not {message!r}"
            assert message.subject.strip(), "a message has a subject"

    @silver
    def test_same_events_give_the_same_decisions(self) -> None:
        assert self._decided(self.events()) == self._decided(self.events())

    @silver
    def test_decisions_need_no_clock_and_no_chance(self, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = self._decided(self.events())

        def refuse(*_: object, **__: object) -> NoReturn:
            raise AssertionError("an evaluator knows no clock and no chance; time comes with the events")

        with monkeypatch.context() as patch:
            for owner, names in (
                (time, ("time", "monotonic", "time_ns")),
                (randomness, ("random", "choice")),
                (uuid, ("uuid4",)),
            ):
                for name in names:
                    patch.setattr(owner, name, refuse)
            decided = self._decided(self.events())

        assert decided == expected

    @silver
    def test_state_survives_a_restart_after_every_event(self) -> None:
        expected, decided, engine = self._decided(self.events()), [], self._engine()

        for event in self.events():
            decided += self._taken(engine, [event])
            snapshot = engine.snapshot()
            engine = self._engine()
            assert engine.restore(snapshot) == []
            assert engine.snapshot() == snapshot, "load() does not give back what dump() wrote"

        assert decided == expected

    @gold
    def test_hostile_events_are_taken(self) -> None:
        engine, wanted = self._engine(), sorted(self.condition.event_types) or ["hostile"]

        for number, notification in enumerate(notifications(self.hostile_count)):
            event = msgspec.structs.replace(notification.event, type=wanted[number % len(wanted)])
            self._taken(engine, [event])
            restored = self._engine()
            restored.restore(engine.snapshot())

    @gold
    def test_batches_change_no_decision(self) -> None:
        events, engine = list(self.events()), self._engine()

        one_by_one = [firing for event in events for firing in self._taken(engine, [event])]

        assert one_by_one == self._decided(events)

    @gold
    def test_late_and_double_wake_ups_change_no_decision(self) -> None:
        if not self._engine().timed:
            spare("it has no timers")

        once, twice = self._woken(times=1), self._woken(times=2)
        late = self._woken(times=1, late=timedelta(seconds=59))

        assert once == twice, "a second wake-up at the same time must change nothing"
        assert [firing.time for firing in once] == [firing.time for firing in late], "the time of a firing comes from the state"

    def _woken(self, *, times: int, late: timedelta = timedelta(0)) -> list[Firing]:
        engine, decided = self._engine(), []
        events = list(self.events())
        for event, following in zip(events, [*events[1:], None], strict=True):
            decided += self._taken(engine, [event])
            ends = following.time if following else event.time + timedelta(days=366)
            for _ in range(times):
                decided += engine.advance(ends + (timedelta(0) if following else late))
        return decided

    def _decided(self, events: Sequence[Event]) -> list[Firing]:
        """The firings of some events, taken in at once by a new engine."""
        return self._taken(self._engine(), events)

    def _taken(self, engine: Engine, events: Sequence[Event]) -> list[Firing]:
        firings = engine.process_events(list(events))
        for _, fault in engine.take_faults():
            raise AssertionError(f"the evaluator raised {fault!r}") from fault
        return firings

    def _engine(self) -> Engine:
        name = self.condition.name
        config = ConditionConfig(
            name=name, type=name, cls=self.condition, settings=self.validated(self.settings), damper=timedelta(0)
        )
        return Engine([config])
