"""The condition type `threshold`: the rules of counting, and its words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alert_core import Event, Firing
from alert_core.builtin.threshold import ThresholdCondition, ThresholdSettings
from alert_core.components import Context
from alert_core.config import ConditionConfig
from alert_core.engine import Engine

START = datetime(2026, 3, 1, tzinfo=UTC)
AUTO, NONE = timedelta(minutes=60), timedelta(0)


def at(minute: float, computer: str = "pc-1", **fields: Any) -> Event:
    return Event(time=START + timedelta(minutes=minute), type="risk", id=f"{minute}/{computer}", computer=computer, **fields)


def firings(events: Iterable[Event], *, damper: timedelta = NONE, damper_per: str = "key", **settings: Any) -> list[Firing]:
    config = ConditionConfig(
        name="c", type="threshold", cls=ThresholdCondition, settings=ThresholdSettings(**settings), damper=damper,
        damper_per=damper_per,
    )  # fmt: skip
    return Engine([config]).process_events(list(events))


def minutes(found: Iterable[Firing]) -> list[float]:
    return [(firing.time - START) / timedelta(minutes=1) for firing in found]


def test_any_computer_adds_up_all_occurrences() -> None:
    events = [at(0, "a", count=2), at(1, "b"), at(2, "c", count=3)]

    assert minutes(firings(events, count=5, minutes=10)) == [2]


def test_a_single_computer_must_reach_the_number_by_itself() -> None:
    events = [at(0, "a"), at(1, "b"), at(2, "a"), at(3, "b"), at(4, "a")]

    found = firings(events, per="single-computer", count=3, minutes=10)

    assert [(firing.key, firing.quantity) for firing in found] == [("a", 3)]


def test_distinct_computers_are_counted_once_each() -> None:
    events = [at(0, "a"), at(1, "a", count=9), at(2, "b"), at(3, "c")]

    found = firings(events, per="distinct-computers", count=3, minutes=10)

    assert [(firing.computers, firing.quantity) for firing in found] == [(("a", "b", "c"), 3)]
    assert minutes(found) == [3]


def test_an_event_exactly_as_old_as_the_window_is_out() -> None:
    assert firings([at(0), at(10)], count=2, minutes=10) == []
    assert minutes(firings([at(0), at(9.99)], count=2, minutes=10)) == [9.99]


@pytest.mark.parametrize(("compare", "expected"), [("at_least", [2]), ("more_than", [3])])
def test_the_number_is_to_be_reached_or_exceeded(compare: str, expected: list[float]) -> None:
    assert minutes(firings([at(0), at(1), at(2), at(3)], count=3, minutes=10, compare=compare)) == expected


def test_an_event_is_used_once() -> None:
    assert minutes(firings([at(minute) for minute in range(7)], count=3, minutes=10)) == [2, 5]


def test_a_mail_an_hour_until_the_rate_slows() -> None:
    events = [at(minute, f"pc-{minute % 7}") for minute in range(240)]

    found = firings(events, damper=AUTO, per="distinct-computers", count=5, minutes=60)

    assert minutes(found) == [4, 64, 124, 184]
    assert [firing.suppressed for firing in found] == [0, 59, 59, 59]


@pytest.mark.parametrize(("damper_per", "expected"), [("key", ["a", "b"]), ("condition", ["a"])])
def test_one_victim_does_not_hide_the_next_unless_wanted(damper_per: str, expected: list[str]) -> None:
    events = [at(0, "a"), at(1, "a"), at(2, "b"), at(3, "b"), at(4, "a"), at(5, "b")]

    found = firings(events, damper=AUTO, damper_per=damper_per, per="single-computer", count=2, minutes=10)

    assert [firing.key for firing in found] == expected


def test_a_late_event_counts_while_its_window_is_open_and_never_fires_after_it() -> None:
    assert minutes(firings([at(0), at(9), at(5)], count=3, minutes=10)) == [9]
    assert firings([at(100), at(109), at(98)], count=3, minutes=10) == []


def test_only_the_wanted_types_count() -> None:
    other = Event(time=START, type="auth-failure", id="other")

    assert firings([other, at(1)], count=2, minutes=10, event_types=("risk",)) == []
    assert len(firings([other, at(1)], count=2, minutes=10, event_types=("r*", "auth-*"))) == 1


@pytest.mark.parametrize(
    ("settings", "quantity", "computers", "subject"),
    [
        ({"event_types": ("risk",)}, 5, (), "c: 5 x risk within 1 minute"),
        ({"per": "single-computer", "minutes": 2.5}, 7, (), "c: 7 x events on pc-1 within 2.5 minutes"),
        ({"per": "distinct-computers"}, 2, ("a", "b"), "c: 2 computers with events within 1 minute"),
    ],
)
def test_its_words_say_what_was_reached(
    settings: dict[str, Any], quantity: int, computers: tuple[str, ...], subject: str
) -> None:
    condition = ThresholdCondition(ThresholdSettings(**settings), Context(name="c"))
    firing = Firing(
        condition="c", key="pc-1", time=START, since=START, quantity=quantity, computers=computers, event=at(0, message="why")
    )

    message = condition.message(firing)

    assert message.subject == subject
    assert message.body.endswith("Last event:    why\n")


@pytest.mark.parametrize(
    "settings", [{"count": 0}, {"count": 100_001}, {"minutes": 0}, {"minutes": 10**6}, {"per": "computer"}, {"max_keys": 9}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ThresholdSettings(**settings)
