"""What the engine promises: the seed's worked example, timers, dampers, bounds, explanations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alert_core import Condition, Evaluator, Event, Firing, Settings
from alert_core.builtin.threshold import ThresholdCondition, ThresholdSettings
from alert_core.config import ConditionConfig
from alert_core.counting import AnyCount, DistinctCount, SingleCount
from alert_core.engine import Engine
from alert_core.evaluators import Emit, Guard, Hit

START = datetime(2026, 3, 1, tzinfo=UTC)


def threshold(
    name: str = "watched", *, damper: float = 60, where: dict[str, Any] | None = None, **options: Any
) -> ConditionConfig:
    return ConditionConfig(
        name=name,
        type="threshold",
        cls=ThresholdCondition,
        settings=ThresholdSettings(**options),
        where=where or {},
        damper=timedelta(minutes=damper),
    )


def event(minute: float, computer: str = "pc-1", **facts: Any) -> Event:
    return Event(**{"time": START + timedelta(minutes=minute), "type": "risk", "computer": computer, "id": f"{minute}"} | facts)


def minutes(firings: list[Firing]) -> list[float]:
    return [(firing.time - START) / timedelta(minutes=1) for firing in firings]


def test_outbreak_that_goes_on_is_told_every_hour_until_the_rate_slows() -> None:
    engine = Engine([threshold(per="distinct-computers", count=5, minutes=60)])

    firings = engine.process_events([event(minute, f"pc-{minute % 7}") for minute in range(240)])

    assert minutes(firings) == [4, 64, 124, 184]
    assert [firing.suppressed for firing in firings] == [0, 59, 59, 59]


def test_damper_of_one_computer_does_not_hide_the_next() -> None:
    engine = Engine([threshold(per="single-computer", count=2, minutes=5)])

    firings = engine.process_events([event(minute / 10, computer) for minute in range(4) for computer in ("pc-1", "pc-2")])

    assert [firing.key for firing in firings] == ["pc-1", "pc-2"]


def test_event_exactly_as_old_as_the_window_is_out() -> None:
    engine = Engine([threshold(count=2, minutes=5)])

    assert engine.process_events([event(0), event(5)]) == []
    assert minutes(engine.process_events([event(9.99)])) == [9.99]


def test_event_of_the_future_is_taken_when_it_was_received_and_flagged() -> None:
    engine = Engine([threshold(count=1, minutes=5)])

    (firing,) = engine.process_events([event(10_000)], horizon=START)

    assert firing.time == START
    assert firing.event is not None
    assert firing.event.flags == ("future",)


def test_changed_condition_does_not_find_the_state_of_its_past() -> None:
    engine = Engine([threshold(count=2, minutes=5)])
    engine.process_events([event(0)])
    changed = Engine([ConditionConfig(**{**vars(threshold(count=2, minutes=5)), "state_revision": "f" * 12})])

    unknown = changed.restore(engine.snapshot())

    assert unknown == ["watched"]
    assert changed.process_events([event(1)]) == []


def test_too_many_computers_are_given_up_and_reported_by_an_event() -> None:
    engine = Engine(
        [
            threshold("busy", per="single-computer", count=3, minutes=60, max_keys=1000, event_types=["risk"]),
            threshold("bounds", count=1, damper=0, event_types=["state-evicted"]),
        ]
    )

    firings = engine.process_events([event(number / 1000, f"pc-{number}") for number in range(1600)])

    assert [firing.condition for firing in firings] == ["bounds"] * 2
    assert engine.evicted() == {"busy": 1000}
    assert firings[0].event is not None
    assert firings[0].event.message == "condition 'busy' has too many keys at once and gave up the oldest 500"


def test_explanation_shows_the_generated_code_and_its_values() -> None:
    engine = Engine([threshold(count=7, minutes=5, where={"group": "sales", "computer": "pc-*"}, event_types=["risk"])])

    explanation = engine.explain("watched")

    assert "def handle(events" in explanation
    assert "# where own.count = 7" in explanation
    assert "sales" not in explanation.split("# where")[0]


def test_hostile_event_types_do_not_fill_the_memory() -> None:
    engine = Engine([threshold(count=2, minutes=5, event_types=["risk*"])])

    firings = engine.process_events([event(0, type=f"risk-{number}") for number in range(12_000)])

    assert len(firings) == 1
    assert len(engine._matcher._handlers) <= 10_000


class SilenceSettings(Settings):
    pass


class SilenceEvaluator(Evaluator[dict[str, datetime]]):
    """Fires when a computer was silent for five minutes; it needs a timer, and sees whole events."""

    timed = True

    def key(self, event: Event) -> str:
        return event.computer

    def new_state(self) -> dict[str, datetime]:
        return {}

    def on_event(self, key: str, state: dict[str, datetime], event: Event) -> Firing | None:
        missed = self.on_timer(key, state, event.time) if state and event.time >= state["due"] else None
        state["due"] = event.time + timedelta(minutes=5)
        return missed

    def next_timer(self, state: dict[str, datetime]) -> datetime | None:
        return state.get("due")

    def on_timer(self, key: str, state: dict[str, datetime], at: datetime) -> Firing | None:
        due = state.pop("due", None)
        return Firing(key=key, time=due) if due else None

    def expired(self, state: dict[str, datetime], now: datetime) -> bool:
        return not state

    def dump(self, state: dict[str, datetime]) -> bytes:
        return state["due"].isoformat().encode() if state else b""

    def load(self, raw: bytes) -> dict[str, datetime]:
        return {"due": datetime.fromisoformat(raw.decode())} if raw else {}


class SilenceCondition(Condition[SilenceSettings]):
    """A computer is silent."""

    name = "silence"
    label = "Silence"

    def evaluator(self) -> SilenceEvaluator:
        return SilenceEvaluator()


def silence(damper: float = 0) -> ConditionConfig:
    settings = SilenceSettings()
    return ConditionConfig(
        name="silent", type="silence", cls=SilenceCondition, settings=settings, damper=timedelta(minutes=damper)
    )


def test_condition_about_absence_fires_by_timer_and_through_a_restart() -> None:
    engine = Engine([silence()])
    engine.process_events([event(0, "pc-1"), event(2, "pc-2")])
    restarted = Engine([silence()])
    restarted.restore(engine.snapshot())

    firings = restarted.advance(START + timedelta(minutes=6))

    assert [(firing.key, *minutes([firing])) for firing in firings] == [("pc-1", 5)]
    assert firings[0].event is not None
    assert firings[0].event.type == "timer"
    assert minutes(restarted.advance(START + timedelta(minutes=60))) == [7]


def test_wake_up_that_never_comes_is_made_good_by_the_next_event() -> None:
    engine = Engine([silence()])

    firings = engine.process_events([event(0), event(30)])

    assert minutes(firings) == [5]


def test_engine_keeps_the_damper_of_evaluators_that_keep_none() -> None:
    engine = Engine([silence(damper=60)])
    firings = engine.process_events([event(0), event(10)])
    restarted = Engine([silence(damper=60)])
    restarted.restore(engine.snapshot())

    firings += restarted.process_events([event(20), event(30), event(100)])

    assert minutes(firings) == [5]
    assert restarted.process_events([event(200)])[0].suppressed == 3


def plainly(evaluator: type[Evaluator[Any]]) -> Callable[..., Hit]:
    """`compile` without the template: every event goes through `on_event`."""

    def compile(self: Evaluator[Any], states: Any, emit: Emit, guard: Guard) -> Hit:
        return Evaluator.compile(self, states, emit, guard)

    return compile


@pytest.mark.parametrize("per", ["any-computer", "single-computer", "distinct-computers"])
def test_fast_functions_leave_the_same_state_behind_as_on_event(per: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = [event(number * 0.4 - (number % 5 == 0) * 1.1, f"pc-{number * 7 % 5}", id=str(number)) for number in range(400)]
    config = threshold(per=per, count=3, minutes=9, damper=3)
    fast, plain = Engine([config]), None
    with monkeypatch.context() as patch:
        for evaluator in (AnyCount, SingleCount, DistinctCount):
            patch.setattr(evaluator, "compile", plainly(evaluator))
        plain = Engine([config])

    expected = plain.process_events(stream)

    assert fast.process_events(stream) == expected
    assert len(expected) > 3


class FaultyEvaluator(SilenceEvaluator):
    """Raises for one computer, and when a timer runs out."""

    def on_event(self, key: str, state: dict[str, datetime], event: Event) -> Firing | None:
        if key == "pc-bad":
            raise ValueError("cannot count that")
        return super().on_event(key, state, event)

    def on_timer(self, key: str, state: dict[str, datetime], at: datetime) -> Firing | None:
        raise KeyError(key)


class FaultyCondition(SilenceCondition):
    """Does not work."""

    name = "faulty"

    def evaluator(self) -> FaultyEvaluator:
        return FaultyEvaluator()


def test_evaluator_that_raises_does_not_stop_other_conditions() -> None:
    faulty = ConditionConfig(name="faulty", type="faulty", cls=FaultyCondition, settings=SilenceSettings())
    engine = Engine([faulty, threshold(count=2, minutes=5)])

    firings = engine.process_events([event(0, "pc-bad"), event(1, "pc-1")])
    engine.advance(START + timedelta(minutes=30))

    assert [firing.condition for firing in firings] == ["watched"]
    assert [(name, repr(error)) for name, error in engine.take_faults()] == [
        ("faulty", "ValueError('cannot count that')"),
        ("faulty", "KeyError('pc-1')"),
    ]
    assert engine.take_faults() == []
