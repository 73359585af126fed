"""What the format `csv` makes of lines, and where it takes the names of the columns from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alert_core import Event
from alert_core.builtin.csv import CsvFormat, CsvSettings
from alert_core.components import Context
from alert_core.model import OWN_TYPES, UNKNOWN_TIME

COLUMNS = "time,type,computer,user,count,note"
MOMENT = datetime(2026, 1, 31, 6, 55, 46, tzinfo=UTC)


def csv_format(**options: Any) -> CsvFormat:
    return CsvFormat(CsvSettings.model_validate(options), Context(name="table"))


def decoded(record: str | bytes, **options: Any) -> Event:
    log = csv_format(**{"columns": COLUMNS, **options})
    (event,) = log.decode([record if isinstance(record, bytes) else record.encode()])
    return event


def test_columns_that_are_event_fields_go_there_and_all_others_become_attributes() -> None:
    event = decoded("2026-01-31T06:55:46Z,risk,pc-1,bob,3,a note")

    assert (event.time, event.type, event.computer, event.user, event.count) == (MOMENT, "risk", "pc-1", "bob", 3)
    assert event.attributes == {"note": "a note"}


def test_quoted_cells_hold_delimiters_and_quotes() -> None:
    event = decoded('2026-01-31T06:55:46Z,risk,"pc,1","the ""boss""",1,"two\nlines"')

    assert (event.computer, event.user, event.attributes["note"]) == ("pc,1", 'the "boss"', "two\nlines")


@pytest.mark.parametrize(
    ("options", "record"),
    [
        ({"delimiter": ";"}, "2026-01-31T06:55:46Z;risk;'pc,1';bob;1;x"),
        ({"delimiter": "semicolon", "quote": "'"}, "2026-01-31T06:55:46Z;risk;'pc,1';bob;1;x"),
        ({"delimiter": "tab", "quote": ""}, "2026-01-31T06:55:46Z\trisk\tpc,1\tbob\t1\tx"),
        ({"escape": "\\"}, '2026-01-31T06:55:46Z,risk,"pc\\"1",bob,1,x'),
    ],
)
def test_dialects(options: dict[str, str], record: str) -> None:
    event = decoded(record, columns=COLUMNS.split(","), **options)

    assert (event.computer, event.user) == ({"escape": 'pc"1'}.get(next(iter(options)), event.computer), "bob")
    assert event.computer.strip("'") in ("pc,1", 'pc"1')


def test_header_line_is_recognised_wherever_it_stands() -> None:
    lines = [b"\xef\xbb\xbftime,type,computer,user,count,note\r", b"2026-01-31T06:55:46Z,risk,pc-1,bob,3,x", COLUMNS.encode()]

    events = csv_format(columns=COLUMNS).decode(lines)

    assert [event.type for event in events] == ["header", "risk", "header"]
    assert events[0].time == UNKNOWN_TIME
    assert events[0].type in OWN_TYPES


def test_columns_are_learned_from_the_header_and_remembered_for_later_batches() -> None:
    log = csv_format(fields={"time": "Date", "computer": "Host"})

    early = log.decode([b"2026-01-31T06:55:46Z,pc-1"])
    log.decode([b"Date,Host", b"2026-01-31T06:55:46Z,pc-1"])
    later = log.decode([b"2026-01-31T06:55:46Z,pc-2", b"Host,Date,Extra", b"pc-3,2026-01-31T06:55:46Z,x"])

    assert [event.attributes.get("reason") for event in early] == ["no header line came before it, and columns are not set"]
    assert [(event.type, event.computer) for event in later] == [("event", "pc-2"), ("header", ""), ("event", "pc-3")]
    assert log.headed
    assert not csv_format(columns="a,b").headed


def test_comments_are_no_records() -> None:
    assert decoded("# Fields: a b", comment="#").type == "header"


def test_blank_and_surplus_cells_are_kept() -> None:
    event = decoded("2026-01-31T06:55:46Z,,pc-1,,,,one,more")

    assert (event.type, event.user, event.count) == ("event", "", 1)
    assert event.attributes == {"note": "", "rest": "one,more"}


@pytest.mark.parametrize(
    ("options", "stamp"),
    [
        ({}, "2026-01-31 06:55:46"),
        ({}, "1769842546"),
        ({"time_format": "%d/%m/%Y %H:%M:%S"}, "31/01/2026 06:55:46"),
        ({"time_format": "%m/%d/%Y %I:%M:%S %p"}, "01/31/2026 06:55:46 AM"),
        ({"time_format": "%d/%m %H:%M:%S", "year": 2026}, "31/01 06:55:46"),
        ({"time_format": "epoch"}, "1769842546.0"),
        ({"timezone": "+01:00"}, "2026-01-31 07:55:46"),
    ],
)
def test_times_come_in_many_forms(options: dict[str, Any], stamp: str) -> None:
    assert decoded(f"{stamp},risk,pc-1,bob,1,x", **options).time == MOMENT


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("2026-01-31T06:55:46Z,risk", "2 cells instead of 6"),
        ("", "1 cells instead of 6"),
        ("soon,risk,pc-1,bob,3,x", "unreadable time 'soon'"),
        ('"' + "x" * 200_000, "not CSV: field larger than field limit (131072)"),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(record: str, reason: str) -> None:
    event = decoded(record)

    assert (event.type, event.raw, event.attributes["reason"]) == ("unparsed", record, reason)


def test_severity_words_are_normalised_and_numbers_stay() -> None:
    assert decoded("0,High", columns="time,severity").severity == "major"
    assert decoded("0,7", columns="time,severity").severity == 7


@pytest.mark.parametrize(
    "options",
    [
        {"columns": "a,a"}, {"delimiter": "ab"}, {"delimiter": '"'}, {"delimiter": "\n"}, {"time_format": "never"},
        {"fields": {"raw": "x"}}, {"fields": {"user": []}}, {"timezone": "Mars"},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CsvSettings.model_validate(options)


@given(st.lists(st.one_of(st.binary(), st.text().map(str.encode), st.from_regex(rb'[",a;\n]{0,20}', fullmatch=True))))
def test_any_bytes_are_one_event_each(records: list[bytes]) -> None:
    for options in ({"columns": COLUMNS}, {}, {"columns": "time,a", "escape": "\\", "quote": "'", "delimiter": ";"}):
        events = csv_format(**options).decode(records)

        assert [event.raw for event in events] == [record.decode("utf-8", "replace") for record in records]
