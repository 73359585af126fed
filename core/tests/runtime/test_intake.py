"""From records to what the engine takes: however they come in blocks, they say the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Batch, Cursor, Event
from alert_core.builtin.csv import CsvFormat, CsvSettings
from alert_core.builtin.json import JsonFormat, JsonSettings
from alert_core.components import Context, Format
from alert_core.projection import Projection
from alert_core.runtime.intake import Intake

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(minute: int, **fields: Any) -> bytes:
    return json.dumps({"time": (START + timedelta(minutes=minute)).isoformat(), "type": "risk", **fields}).encode()


GOOD, NULL, NUMBER = line(1, computer="pc-1"), line(2, computer=None), line(3, computer=5)
BROKEN, BLANK, TWO = b"kernel: oops", b"  ", line(4) + b" " + line(5)
LINES = (GOOD, NULL, NUMBER, BROKEN, BLANK, line(6, id="own"), line(7, message="\u00e9\u2028"), GOOD + b"\r")


def intake() -> Intake:
    return Intake("log", JsonFormat(JsonSettings(fields={"id": "id"}), Context(name="log")), Projection({"computer"}))


def taken(blocks: list[bytes]) -> list[tuple[str, Event, datetime, str]]:
    """What the engine sees of each record, and the whole event, block by block."""
    reader, position, found = intake(), 0, []
    for block in blocks:
        end = position + len(block)
        items, event_at = reader.take(Batch(block, Cursor("abc", position), Cursor("abc", end)))
        found += [(item.type, event_at(index), item.time, item.computer) for index, item in enumerate(items)]
        position = end
    return found


@settings(max_examples=100, deadline=None)
@given(lines=st.lists(st.sampled_from(LINES), max_size=12), data=st.data())
def test_it_does_not_matter_where_a_block_ends(lines: list[bytes], data: st.DataObject) -> None:
    lines = [one + b"\n" for one in lines]
    cuts = sorted({0, len(lines), *data.draw(st.lists(st.integers(0, len(lines)), max_size=4))})
    blocks = [b"".join(lines[start:end]) for start, end in pairwise(cuts)]

    assert taken(blocks) == taken(lines)


def test_an_event_without_an_id_is_known_by_its_place() -> None:
    found = taken([GOOD + b"\n\n" + line(2, id="own") + b"\n", GOOD + b"\n"])

    place = len(GOOD) + 2 + len(line(2, id="own")) + 1
    assert [event.id for _, event, _, _ in found] == ["log:abc:0", "own", f"log:abc:{place}"]
    assert {event.source for _, event, _, _ in found} == {"log"}


def test_a_record_that_cannot_be_read_has_the_time_of_the_one_before() -> None:
    found = taken([GOOD + b"\n" + BROKEN + b"\n", BROKEN + b"\n"])

    assert [(type_, time) for type_, _, time, _ in found] == [
        ("risk", START + timedelta(minutes=1)),
        ("unparsed", START + timedelta(minutes=1)),
        ("unparsed", START + timedelta(minutes=1)),
    ]


def test_two_writers_that_wrote_into_one_line_harm_nobody() -> None:
    found = taken([TWO + b"\n\n", BLANK + b"\n" + TWO + b"\n"])

    assert {type_ for type_, _, _, _ in found} <= {"risk", "unparsed"}


@pytest.mark.parametrize(
    "block",
    [TWO + b"\n", GOOD[:-1] + b"\n}\n", b'{"time": ' + b"[" * 5000 + b"]" * 5000 + b"}\n"],
    ids=["two records in a line", "a record over two lines", "endless nesting"],
)
def test_what_is_not_one_record_per_line_is_not_one(block: bytes) -> None:
    found = taken([block])

    assert {type_ for type_, _, _, _ in found} == {"unparsed"}
    assert len(found) == block.count(b"\n")


def received(batch: Batch) -> list[Event]:
    items, event_at = intake().take(batch)
    return [event_at(index) for index in range(len(items))]


def test_the_sender_is_told_and_is_the_computer_where_the_record_names_none() -> None:
    named, nameless = line(1, computer="pc-1", received_from="forged"), line(2)
    batch = Batch((named, nameless), Cursor("abc", 0), Cursor("abc", 9), senders=("192.0.2.1", "192.0.2.2"))

    events = received(batch)

    assert [event.computer for event in events] == ["pc-1", "192.0.2.2"]
    assert [event.attributes["received_from"] for event in events] == ["192.0.2.1", "192.0.2.2"]


def test_a_record_without_a_sender_is_not_dropped() -> None:
    batch = Batch((GOOD, GOOD), Cursor("abc", 0), Cursor("abc", 9), senders=("192.0.2.1",))

    assert [event.attributes.get("received_from") for event in received(batch)] == ["192.0.2.1", None]


@pytest.mark.parametrize("records", [(), (GOOD, GOOD), GOOD + b"\n"])
def test_lost_records_are_an_event_of_their_own(records: tuple[bytes, ...] | bytes) -> None:
    batch = Batch(records, Cursor("abc", 7, {"received": 1_000_000}), Cursor("abc", 99), lost=3)

    *others, loss = received(batch)

    assert len(others) == (len(records) if isinstance(records, tuple) else 1)
    assert (loss.type, loss.count, loss.source, loss.id) == ("records-lost", 3, "log", "log:abc:7:lost")
    assert loss.time == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


SENT = (*LINES, TWO, b"", GOOD[:-1] + b"\n}", b"{" + GOOD[1:], b'{"time": ', b'"2026-03-01T12:00:00Z"}')


class SlowFormat(JsonFormat):
    decoder = Format.decoder


@settings(max_examples=200, deadline=None)
@given(
    sent=st.lists(st.tuples(st.sampled_from(SENT), st.sampled_from(["", "192.0.2.1", "192.0.2.2"])), max_size=8),
    wanted=st.sampled_from([{"computer"}, {"received_from"}, {"user"}, {"computer", "received_from", "message"}]),
    numeric=st.booleans(),
)
def test_records_that_came_one_by_one_say_the_same_the_fast_way_and_the_slow_way(
    sent: list[tuple[bytes, str]], wanted: set[str], numeric: bool
) -> None:
    records, senders = zip(*sent, strict=True) if sent else ((), ())
    batch = Batch(records, Cursor("abc", 0, {"received": 1_000_000}), Cursor("abc", 99), senders=senders, lost=len(sent) // 4)
    projection = Projection(wanted, numeric=wanted & {"received_from"} if numeric else ())

    def found(cls: type[JsonFormat]) -> list[tuple[str, Event]]:
        items, event_at = Intake("log", cls(JsonSettings(fields={"id": "id"}), Context(name="log")), projection).take(batch)
        return [(repr(sorted(msgspec.structs.asdict(item).items())), event_at(index)) for index, item in enumerate(items)]

    assert found(JsonFormat) == found(SlowFormat)


def test_head_of_a_file_tells_how_its_records_read_wherever_reading_begins() -> None:
    reader = Intake("log", CsvFormat(CsvSettings(), Context(name="log")), Projection({"computer"}))
    first, second = b"time,computer\n", b"time,user,computer\n"
    rows = [(first, b"2026-03-01,pc-1\n"), (second, b"2026-03-01,bob,pc-2\n"), (first, b"2026-03-01,pc-3\n")]

    found = [reader.take(Batch(row, Cursor("abc", 50), Cursor("abc", 80), head=head))[0][0] for head, row in rows]

    assert [(item.type, item.computer) for item in found] == [("event", "pc-1"), ("event", "pc-2"), ("event", "pc-3")]


def test_records_that_are_not_bytes_of_a_block_are_known_by_their_place_too() -> None:
    batch = Batch((GOOD, NULL), Cursor("abc", 100), Cursor("abc", 500), offsets=(0, 250))

    _, event_at = intake().take(batch)

    assert [event_at(index).id for index in range(2)] == ["log:abc:100", "log:abc:350"]
