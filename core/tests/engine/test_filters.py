"""What conditions let through, compiled together with others, is what each of their filters says by itself."""

from __future__ import annotations

import ipaddress
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin.threshold import ThresholdCondition, ThresholdSettings
from alert_core.config import ConditionConfig
from alert_core.engine import Engine
from alert_core.filters import compile_filter

pytestmark = pytest.mark.once

TEXT_FIELDS = ("application", "group", "message", "user")
FIELDS = (*TEXT_FIELDS, "computer", "severity", "source_address", "destination_port", "zone", "rate")

WORDS = ["", "a", "app", "app1", "app10", "Site-1", "Site-2", "ap\U0010ffff", "ap\U0010ffffx", "sshd"]
WRITTEN = ["17", "17.5", "17.0", " 3"]

words = st.sampled_from([*WORDS, *WRITTEN])
numbers = st.sampled_from([0, 3, 17, 17.5, -1, 2**53, 2**53 + 1, 10**400])
addresses = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=4, network="10.160.0.0/11").map(str),
    st.ip_addresses(v=4, network="10.160.0.0/11").map("::ffff:{}".format),
    st.sampled_from(["", "10.160", "10.17", "10.175.", "nonsense", "0:0:0:0:0:ffff:a0a:a0a"]),
)
networks = st.builds(
    lambda address, bits: str(ipaddress.ip_network(f"{address}/{bits}", strict=False)),
    st.one_of(st.ip_addresses(v=4, network="10.160.0.0/11"), st.ip_addresses(v=4)),
    st.integers(0, 32),
)
globs = st.builds(str.format, st.sampled_from(["{}*", "*{}", "*{}*", "{}?", "[a-s]{}*"]), words)
orders = st.builds(
    "{}{}".format, st.sampled_from([">", ">=", "<", "<="]), st.sampled_from(["3", "17.5", "-1", "1e400", "major"])
)
texts = st.one_of(words, globs, networks, orders, words.map("!{}".format), globs.map("!{}".format))
wheres = st.dictionaries(
    st.sampled_from(FIELDS),
    st.one_of(texts, numbers, st.booleans(), st.lists(st.one_of(texts, numbers), min_size=1)),
    max_size=3,
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    either = st.one_of(words, numbers)
    return Event(
        time=datetime(2026, 3, 1, tzinfo=UTC),
        type="traffic",
        computer=draw(words),
        source_address=draw(addresses),
        severity=draw(st.one_of(either, st.just("critical"))),
        destination_port=draw(st.sampled_from([None, 3, 17])),
        attributes={"zone": draw(st.one_of(either, st.none(), st.booleans())), "rate": draw(either)},
        **{field: draw(words) for field in TEXT_FIELDS},
    )


def _condition(number: int, where: dict[str, Any]) -> ConditionConfig:
    return ConditionConfig(
        name=f"c{number}",
        type="threshold",
        cls=ThresholdCondition,
        settings=ThresholdSettings(event_types=["traffic"], count=1),
        where=where,
        damper=timedelta(0),
    )


@settings(max_examples=300)
@given(st.lists(wheres, min_size=1, max_size=30), st.lists(events(), max_size=8))
@example([{"rate": ">=3"}, {"rate": 10**400}, {"rate": 2**53 + 1}], [])
def test_conditions_concern_what_their_filters_describe(conditions: list[dict[str, Any]], stream: list[Event]) -> None:
    engine = Engine([_condition(number, where) for number, where in enumerate(conditions)])

    for event in stream:
        fired = [firing.condition for firing in engine.process_events([event])]

        assert fired == [f"c{number}" for number, where in enumerate(conditions) if _concerns(where, event)]


def _concerns(where: dict[str, Any], event: Event) -> bool:
    return all(compile_filter(field, value).test(event.get(field)) for field, value in where.items())


@given(networks, st.data())
def test_address_inside_a_network_is_between_its_texts(network: str, data: st.DataObject) -> None:
    between = compile_filter("source_address", network).between

    address = str(data.draw(st.ip_addresses(network=network)))

    assert between is not None
    assert between[0] <= address < between[1]


@pytest.mark.parametrize("last", ["z", chr(sys.maxunicode)])
def test_glob_for_a_beginning_ends_where_the_next_begins(last: str) -> None:
    engine = Engine([_condition(0, {"user": f"a{last}*"})])
    users = ["a", f"a{last}", f"a{last}{chr(sys.maxunicode)}", "b", ""]
    stream = [Event(time=datetime(2026, 3, 1, tzinfo=UTC), type="traffic", user=user) for user in users]

    fired = [firing.event.user for firing in engine.process_events(stream) if firing.event]

    assert fired == [f"a{last}", f"a{last}{chr(sys.maxunicode)}"]
