"""The engine agrees with a slow, independent reading of the rules, on streams nobody would think of."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin.threshold import ThresholdCondition, ThresholdSettings
from alert_core.config import ConditionConfig
from alert_core.engine import Engine
from alert_core.model import Firing

sys.path.insert(0, str(Path(__file__).parent))

from oracle import Oracle

pytestmark = pytest.mark.once

START = datetime(2026, 3, 1, tzinfo=UTC)
TYPES = ("auth-failure", "risk", "traffic")
COMPUTERS = ("pc-1", "pc-2", "pc-3", "srv-1", "")
FILTERS: list[dict[str, Any]] = [
    {},
    {},
    {"computer": "pc-*"},
    {"computer": "!pc-1"},
    {"group": ["sales", "lab"]},
    {"severity": ">=3"},
    {"source_address": "10.0.0.0/8", "group": "!lab"},
    {"source_address": "10.0.0.0/12"},
    {"source_address": "10.0.0.0/31"},
    {"source_address": "0.0.0.0/1"},
    {"source_address": "::/0"},
    {"group": "sales", "computer": ["pc-?", "!pc-2"]},
    {"port": 22},
    {"port": ">=80", "computer": "*-1"},
]


@st.composite
def conditions(draw: st.DrawFn) -> list[ConditionConfig]:
    return [
        _condition(
            f"c{number}",
            event_types=draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True)),
            per=draw(st.sampled_from(["any-computer", "single-computer", "distinct-computers"])),
            count=draw(st.integers(1, 5)),
            minutes=draw(st.sampled_from([0.5, 1, 2, 5])),
            compare=draw(st.sampled_from(["at_least", "more_than"])),
            where=draw(st.sampled_from(FILTERS)),
            damper=draw(st.sampled_from([0, 0.5, 1, 3])),
            damper_per=draw(st.sampled_from(["key", "key", "condition"])),
        )
        for number in range(draw(st.integers(1, 6)))
    ]


def _condition(name: str, *, where: dict[str, Any], damper: float, damper_per: str = "key", **options: Any) -> ConditionConfig:
    return ConditionConfig(
        name=name,
        type="threshold",
        cls=ThresholdCondition,
        settings=ThresholdSettings(**options),
        where=where,
        damper=timedelta(minutes=damper),
        # For the others the condition is the key.
        damper_per=damper_per if options["per"] == "single-computer" else "key",
    )


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Mostly forward in time, with ties, exact window lengths, late and far-off events, and several occurrences at once."""
    steps = st.sampled_from([0, 0, 1, 1, 5, 10, 29, 30, 31, 60, 60, 120, -1, -20, -30, -60, -61, -200, 300, 900])
    moment, events = 0, []
    for number, step in enumerate(draw(st.lists(steps, max_size=60))):
        late = step < 0
        moment += 0 if late else step
        events.append(
            Event(
                id=str(number),
                time=START + timedelta(seconds=moment + (step if late else 0)),
                type=draw(st.sampled_from(TYPES)),
                computer=draw(st.sampled_from(COMPUTERS)),
                count=draw(st.sampled_from([1, 1, 1, 1, 2, 3, 9])),
                group=draw(st.sampled_from(["sales", "lab", ""])),
                severity=draw(st.integers(0, 5)),
                source_address=draw(st.sampled_from(["10.1.2.3", "192.0.2.1", "::ffff:10.0.0.1", "nonsense", ""])),
                attributes=draw(st.sampled_from([{}, {"port": 22}, {"port": "22"}, {"port": 443}])),
            )
        )
    return events


def _facts(firing: Firing) -> tuple[Any, ...]:
    assert firing.event is not None
    shown = (firing.condition, firing.key, firing.time, firing.event.id)
    return (*shown, firing.quantity, firing.since, firing.computers, firing.suppressed)


def _by_oracle(configs: Sequence[ConditionConfig], events: Sequence[Event]) -> list[tuple[Any, ...]]:
    oracles = [Oracle(config) for config in configs]
    return [decision for event in events for oracle in oracles if (decision := oracle.decide(event))]


@settings(max_examples=400, deadline=None)
@given(conditions(), streams(), st.data())
def test_engine_decides_like_the_oracle_through_restarts(
    configs: list[ConditionConfig], events: list[Event], data: Any
) -> None:
    engine, firings = Engine(configs), []
    for event in events:
        firings += engine.process_events([event])
        if data.draw(st.booleans(), label="restart"):
            snapshot = engine.snapshot()
            engine = Engine(configs)
            assert engine.restore(snapshot) == []

    assert sorted(map(_facts, firings), key=repr) == sorted(_by_oracle(configs, events), key=repr)


@settings(max_examples=100, deadline=None)
@given(conditions(), streams(), st.integers(0, 600))
def test_event_beyond_the_horizon_counts_as_if_it_happened_there(
    configs: list[ConditionConfig], events: list[Event], seconds: int
) -> None:
    horizon = START + timedelta(seconds=seconds)
    engine = Engine(configs)

    firings = engine.process_events(events, horizon=horizon)

    taken = [msgspec.structs.replace(event, time=min(event.time, horizon)) for event in events]
    assert sorted(map(_facts, firings), key=repr) == sorted(_by_oracle(configs, taken), key=repr)


@settings(max_examples=100, deadline=None)
@given(conditions(), streams(), st.integers(1, 60))
def test_decisions_do_not_depend_on_how_events_are_batched(
    configs: list[ConditionConfig], events: list[Event], size: int
) -> None:
    one_by_one, in_batches = Engine(configs), Engine(configs)

    single = [firing for event in events for firing in one_by_one.process_events([event])]
    batched = [
        firing for first in range(0, len(events), size) for firing in in_batches.process_events(events[first : first + size])
    ]

    assert batched == single
    assert in_batches.snapshot() == one_by_one.snapshot()


@pytest.mark.parametrize("number", [1, 10, 100, 1000])
def test_engine_decides_like_the_oracle_with_many_conditions(number: int) -> None:
    draw = random.Random(number)
    configs = [
        _condition(
            f"c{index}",
            event_types=[draw.choice(TYPES)],
            per=draw.choice(["any-computer", "single-computer", "distinct-computers"]),
            count=draw.randint(2, 6),
            minutes=draw.choice([1, 5]),
            where=draw.choice(FILTERS) | ({"user": f"user{draw.randrange(40)}"} if index >= 100 else {}),
            damper=draw.choice([0, 5]),
        )
        for index in range(number)
    ]
    events = [
        Event(
            id=str(index),
            time=START + timedelta(seconds=index * 3 - (draw.randrange(90) if draw.random() < 0.1 else 0)),
            type=draw.choice(TYPES),
            computer=draw.choice(COMPUTERS),
            group=draw.choice(["sales", "lab"]),
            user=f"user{draw.randrange(40)}",
            severity=draw.randrange(6),
            source_address=draw.choice(["10.1.2.3", "192.0.2.1"]),
        )
        for index in range(600)
    ]

    firings = Engine(configs).process_events(events)

    assert sorted(map(_facts, firings), key=repr) == sorted(_by_oracle(configs, events), key=repr)
    assert number == 1 or firings
