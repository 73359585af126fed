"""What the format `json` makes of a record, and that its fast way says the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin.json import JsonFormat, JsonSettings
from alert_core.components import Context
from alert_core.projection import Projection

NOON = "2026-03-01T12:00:00Z"
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def json_format(**options: Any) -> JsonFormat:
    return JsonFormat(JsonSettings(**options), Context(name="log"))


def decoded(record: str | bytes, **options: Any) -> Event:
    (event,) = json_format(**options).decode([record if isinstance(record, bytes) else record.encode()])
    return event


def test_keys_that_are_event_fields_go_there_and_all_others_become_attributes() -> None:
    record = {"time": NOON, "type": "risk", "computer": "pc-1", "count": 3, "source_port": "443", "score": 7.5, "path": ["a"]}

    event = decoded(json.dumps(record))

    assert (event.time, event.type, event.computer, event.count, event.source_port) == (MOMENT, "risk", "pc-1", 3, 443)
    assert event.attributes == {"score": 7.5, "path": ["a"]}
    assert event.raw == json.dumps(record)


def test_mapped_keys_reach_into_nested_objects() -> None:
    record = '{"@timestamp": "2026-03-01T12:00:00Z", "host": {"name": "pc-1"}, "event.kind": "risk", "computer": "other"}'

    event = decoded(record, fields={"time": "@timestamp", "computer": "host.name", "type": "event.kind"})

    assert (event.time, event.computer, event.type) == (MOMENT, "pc-1", "risk")
    assert event.attributes["computer"] == "other"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"2026-03-01T13:00:00+01:00"', MOMENT),
        ('"2026-03-01 12:00:00.250Z"', MOMENT + timedelta(milliseconds=250)),
        ("1772366400", MOMENT),
        ('"1772366400"', MOMENT),
        ("1772366400.25", MOMENT + timedelta(milliseconds=250)),
        ("1772366400250", MOMENT + timedelta(milliseconds=250)),
        ('"1772366400250"', MOMENT + timedelta(milliseconds=250)),
    ],
)
def test_times_are_iso_8601_or_seconds_or_milliseconds(written: str, meant: datetime) -> None:
    assert decoded(f'{{"time": {written}}}').time == meant


def test_a_time_without_a_zone_is_in_the_configured_one() -> None:
    event = decoded('{"time": "2026-07-01T12:00:00"}', timezone="Europe/Berlin")

    assert event.time == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"", "not JSON"),
        (b"kernel: oops", "not JSON"),
        (b'{"time": "2026-03-01T12:00:00Z"', "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"1e999", "not JSON"),
        (b'{"type": "risk"}', "no time"),
        (b'{"time": "yesterday"}', "unreadable time 'yesterday'"),
        (b'{"time": true}', "unreadable time 'True'"),
        (b'{"time": 1e30}', "unreadable time"),
        (b'{"time": ' + b"9" * 400 + b"}", "unreadable time"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(record: bytes, reason: str) -> None:
    event = decoded(record)

    assert event.type == "unparsed"
    assert event.raw == record.decode()
    assert reason in event.attributes["reason"]


def test_a_value_that_no_type_can_hold_does_not_cost_the_record() -> None:
    event = decoded(b'{"time": "2026-03-01T12:00:00Z", "computer": "pc-1", "huge": 1e999, "user": "caf\xe9"}')

    assert (event.type, event.computer, event.attributes["huge"], event.user) == ("event", "pc-1", "1e999", "caf\ufffd")


@pytest.mark.parametrize(("written", "counted"), [("0", 1), ("-3", 1), ("null", 1), ('"many"', 1), ('"7"', 7), ("2.9", 2)])
def test_a_record_counts_at_least_once(written: str, counted: int) -> None:
    assert decoded(f'{{"time": 0, "count": {written}}}').count == counted


def test_a_record_can_bring_the_identity_its_sender_gave_it() -> None:
    assert decoded('{"time": 0, "uuid": 7, "id": "other"}', fields={"id": "uuid"}).id == "7"
    assert decoded('{"time": 0, "id": "other"}').id == ""


@pytest.mark.parametrize("name", ["raw", "source", "flags"])
def test_fields_that_the_core_fills_in_cannot_be_mapped(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is filled in by alert and cannot be mapped"):
        JsonSettings(fields={name: "key"})


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="'Mars/Olympus' is not a known time zone"):
        JsonSettings(timezone="Mars/Olympus")


# Everything below holds the block decoder to what `decode` and `project` say.

FIELDS = ("computer", "group", "severity", "risk", "source_port", "score", "flag")
PROJECTIONS = (
    Projection(FIELDS),
    Projection(FIELDS, numeric=("severity", "risk", "source_port", "score")),
    Projection(()),
)
MAPPINGS: tuple[dict[str, str], ...] = ({}, {"computer": "host", "time": "at"}, {"user": "login", "count": "times"})
KEYS = ("time", "at", "type", "count", "times", *FIELDS, "host", "user", "login", "message", "id", "raw", "event", "other")

# Written as JSON text, because a client may write what no encoder would.
NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["0", "-0", "-0.0", "1.0", "5e3", "1E2", "1e400", "-1e400", "1e-400", "80.5", "9" * 400, "253402300799"]),
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=8).map(json.dumps),
    st.text(max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False)),
    NUMBERS.map(lambda number: f'"{number}"'),
    st.sampled_from(
        [
            "",
            " 5",
            "5 ",
            "1_000",
            "5.0",
            "nan",
            "NaN",
            "inf",
            "-Infinity",
            "null",
            "true",
            "false",
            "0x10",
            "\u0665",
            "critical",
        ]
    ).map(json.dumps),
    st.sampled_from(['"\\ud83d\\ude00"', '"\\ud83d"', '"\\u0000"', '"\\/"', '"\\q"']),
)
SCALARS = st.one_of(NUMBERS, TEXTS, st.sampled_from(["null", "true", "false"]))
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=3).map(lambda pairs: as_object(pairs)),
    ),
    max_leaves=5,
)
TIMES = st.one_of(
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: json.dumps(moment.isoformat())),
    st.datetimes().map(lambda moment: json.dumps(moment.isoformat(" "))),
    st.integers(-(10**14), 10**14).map(str),
    st.floats(-1e12, 1e12).map(repr),
    st.sampled_from(['"2026-03-01"', '"20260301T120000Z"', '"2026-03-01T12:00:00,5Z"', '"2026-12-31T23:59:60Z"', '"12:00"']),
)


def as_object(pairs: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in pairs) + "}"


# Mostly what belongs there, so that the fast way takes many of them.
SENSIBLE = st.one_of(
    st.tuples(st.sampled_from(("type", "computer", "host")), st.sampled_from(['"risk"', '"pc-1"', '"5"', '""'])),
    st.tuples(st.sampled_from(("group", "user", "login", "score", "flag", "risk", "severity")), SCALARS),
    st.tuples(st.sampled_from(("count", "times", "source_port")), st.sampled_from(["1", "80.0", '"5"', '"5.0"', "0", "null"])),
    st.tuples(st.sampled_from(("message", "id", "raw", "event", "other", "attributes")), NESTED),
)  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> str:
    anything = st.tuples(st.sampled_from(KEYS), NESTED)
    pairs = draw(st.lists(st.one_of(SENSIBLE, SENSIBLE, SENSIBLE, SENSIBLE, anything), max_size=6))
    key = draw(st.sampled_from(["time", "time", "at"]))
    pairs.insert(draw(st.integers(0, len(pairs))), (key, draw(st.one_of(st.just(f'"{NOON}"'), st.just("0"), TIMES))))
    return as_object(pairs)


def seen(item: Any) -> list[Any]:
    """What a condition can see of a projection: null is the empty text, what is no number is like any other such."""
    values = [getattr(item, name) for name in sorted(item.__struct_fields__)]
    # Nothing that compares can tell a negative zero.
    return ["''" if value is None else repr(value).replace("-0.0", "0.0") for value in values]


def check_agreement(block: bytes, projection: Projection, **options: Any) -> bool:
    """Whether the fast way takes this block of one record; if so, the slow way says the same."""
    json_ = json_format(**options)
    fast = json_.decoder(projection)
    try:
        items = fast(block) if fast else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    if items is None:
        return False
    assert [seen(item) for item in items] == [seen(projection.project(event)) for event in json_.decode([block])]
    return True


def test_block_decoder_reads_records_whose_keys_stand_in_another_order_than_in_the_first() -> None:
    fast = json_format().decoder(PROJECTIONS[0])
    assert fast
    lines = [
        f'{{"computer": "pc-1", "time": "{NOON}", "type": "risk", "group": "a"}}',
        f'{{"type": "risk", "group": "b", "unknown": 1, "computer": "pc-2", "time": "{NOON}"}}',
        f'{{"time": "{NOON}", "group": "c"}}',
    ]

    items = fast("\n".join(lines).encode())

    assert [(item.computer, item.group, item.type) for item in items] == [
        ("pc-1", "a", "risk"), ("pc-2", "b", "risk"), ("", "c", "event"),
    ]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(record=records(), projection=st.sampled_from(PROJECTIONS), fields=st.sampled_from(MAPPINGS))
@example(record='{"time": 0, "count": "5.0"}', projection=PROJECTIONS[0], fields={})
@example(record='{"time": 0, "count": 1000000001}', projection=PROJECTIONS[0], fields={})
@example(record='{"time": 0, "source_port": "80.0"}', projection=PROJECTIONS[0], fields={})
@example(record='{"time": 0, "source_port": 80.5}', projection=PROJECTIONS[1], fields={})
@example(record='{"time": 0, "other": 1e400}', projection=PROJECTIONS[0], fields={})
@example(record='{"time": 170000000000}', projection=PROJECTIONS[0], fields={})
@example(record='{"time": 0, "time": "no", "computer": 5, "computer": "pc-1"}', projection=PROJECTIONS[0], fields={})
def test_block_decoder_says_what_the_whole_event_says_or_refuses(
    record: str, projection: Projection, fields: dict[str, str]
) -> None:
    taken = check_agreement(record.encode("utf-8", "surrogatepass"), projection, fields=fields)

    event("taken" if taken else "refused")


@settings(max_examples=150, deadline=None)
@given(record=records(), data=st.data())
def test_block_decoder_agrees_about_damaged_records_too(record: str, data: st.DataObject) -> None:
    block = bytearray(record.encode("utf-8", "surrogatepass"))
    place = data.draw(st.integers(0, len(block) - 1))
    block[place] = data.draw(st.sampled_from([0, 0x22, 0x2C, 0x5C, 0x7D, 0x80, 0xC3, 0xFF]))

    check_agreement(bytes(block), PROJECTIONS[0])


@pytest.mark.parametrize("fields", MAPPINGS)
def test_block_decoder_takes_plain_records(fields: dict[str, str]) -> None:
    record = as_object(
        [
            (fields.get("time", "time"), f'"{NOON}"'),
            ("type", '"risk"'),
            (fields.get("computer", "computer"), '"pc-1"'),
            ("group", "null"),
            ("severity", '"critical"'),
            ("score", "7"),
            ("message", '"something happened"'),
        ]
    )

    assert check_agreement(record.encode(), PROJECTIONS[0], fields=fields)
