"""The faster way says what the whole event says, or nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Context, Event
from alert_core.projection import Projection
from alert_core.testing.hostile import amount
from alert_sepm import SepmFormat, SepmFormatSettings

CORPUS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text(encoding="utf-8"))["record"]
HEADS = ("<54>Oct  3 10:38:14 SEPM9 SymantecServer: ", "2024-10-03 10:38:14,Major,", "2024-10-03 10:38:14,Majeur,")
LINES = [head + record["line"] for head in HEADS for record in CORPUS if not record["line"].startswith("{")]
NAMES = sorted({name for record in CORPUS for name in record["event"]} - {"time", "id", "type", "count"})
FIELDS = ["computer", "server", "severity", "message", "source_address", "destination_port", "user_domain", "facility", "log"]
SHARED = SepmFormat(SepmFormatSettings(year=2024), Context(name="test"))


def compared(fields: list[str], lines: list[str]) -> None:
    projection = Projection(fields)
    decode = SHARED.decoder(projection)
    assert decode is not None

    items = decode("\n".join(lines).encode())

    assert items == [projection.project(event) for event in SHARED.decode([line.encode() for line in lines])]


@pytest.mark.parametrize("name", [*NAMES, *FIELDS])
def test_each_field_is_that_of_the_whole_event(name: str) -> None:
    compared([name], LINES)
    compared([name], LINES)


@pytest.mark.fuzz
@settings(max_examples=amount() // 10, deadline=None)
@given(st.sets(st.sampled_from([*NAMES, *FIELDS]), max_size=6), st.lists(st.sampled_from(LINES), max_size=20))
def test_any_fields_are_those_of_the_whole_events(names: set[str], lines: list[str]) -> None:
    compared(sorted(names), lines)


@pytest.mark.parametrize("line", ["Site: HQ,Server: SEPM1,No time.", "nothing known", '{"eventId":"a"}'])
def test_record_that_the_faster_way_does_not_know_is_left_to_the_slower_one(line: str) -> None:
    decode = SHARED.decoder(Projection(["computer"]))

    with pytest.raises(ValueError, match=r"without a time|of no known log"):
        decode(line.encode())  # type: ignore[misc]


@pytest.mark.parametrize("wanted", [{"whole": True}, {"numeric": ["file_size"]}])
def test_what_the_faster_way_does_not_know_is_left_to_the_slower_one(wanted: dict[str, Any]) -> None:
    assert SHARED.decoder(Projection(["computer", "file_size"], **wanted)) is None
    assert SHARED.decoder(Projection(["raw"])) is None


def test_events_of_both_ways_have_a_type_and_a_count() -> None:
    (item,) = SHARED.decoder(Projection(["user"]))(LINES[0].encode())  # type: ignore[misc]

    assert isinstance(SHARED.decode([LINES[0].encode()])[0], Event)
    assert (item.type, item.count) == ("server-activity", 1)
