"""No bytes raise, no record is lost, and a short cut says the same as the long way."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Context
from alert_core.testing.hostile import amount
from alert_sepm import SepmFormat, SepmFormatSettings

LINES = [record["line"] for record in tomllib.loads(Path(__file__).with_name("corpus.toml").read_text("utf-8"))["record"]]
COLUMNS = sorted({column for line in LINES for column in line.split(",")})
HEADS = ["", "<54>Oct  3 10:38:14 SEPM9 SymantecServer: ", "2024-10-03 10:38:14,Major,", "<54>1 - - SymantecServer - - - "]

WORDS = ['"', "'", ",", ":", "Computer name:", "\0"]

column = st.one_of(st.sampled_from(COLUMNS), st.text(max_size=20), st.sampled_from(WORDS))
mixed = st.builds(lambda head, parts: head + ",".join(parts), st.sampled_from(HEADS), st.lists(column, max_size=60))
places = st.integers(0, 900)
cut = st.builds(lambda line, start, end: line[:start] + line[end:], st.sampled_from(LINES), places, places)
pieces = st.one_of(st.binary(max_size=200), mixed.map(str.encode), cut.map(str.encode))
HOSTILE = ["User: x,", '"User: x,', "1,", "Begin: 1,Rule: ,1,", ",", '"', "Occurrences: 1,C:/,,", "Local: 1,"]


def made() -> SepmFormat:
    return SepmFormat(SepmFormatSettings(year=2024), Context(name="test"))


SHARED = made()


@pytest.mark.fuzz
@settings(max_examples=max(100, amount() // 4), deadline=None)
@given(st.lists(pieces, max_size=5))
def test_whatever_comes_each_record_becomes_one_event(records: list[bytes]) -> None:
    events = SHARED.decode(records)

    assert [event.raw for event in events] == [str(record, "utf-8", "replace") for record in records]
    assert all(event.time.tzinfo for event in events)


# Reading the languages anew for each example is what takes the time.
@pytest.mark.fuzz
@settings(max_examples=max(30, amount() // 100), deadline=None)
@given(st.lists(st.one_of(mixed, cut, st.sampled_from(LINES)), min_size=10, max_size=30))
def test_record_becomes_the_same_event_whatever_was_read_before(lines: list[str]) -> None:
    experienced, records = made(), [line.encode() for line in lines]
    experienced.decode([line.encode() for line in LINES * 2])

    events = experienced.decode(records)

    assert events == made().decode(records)
    assert events == list(reversed(made().decode(list(reversed(records)))))


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_record_takes_no_more_time_than_its_length_deserves(piece: str) -> None:
    record = ("Site: HQ,Server: S,Risk name: x," + piece * (65536 // len(piece))).encode()
    begun = time.thread_time()

    (event,) = made().decode([record])

    assert len(event.raw) == len(record)
    assert time.thread_time() - begun < 1.0
