"""What the format `syslog` makes of messages, orderly and otherwise, and that its fast way says the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin.syslog import SyslogFormat, SyslogSettings
from alert_core.components import Batch, Context, Cursor
from alert_core.model import UNKNOWN_TIME
from alert_core.plugins import Plugins
from alert_core.projection import Projection
from alert_core.runtime.intake import Intake

CONTEXT = Context(name="box", formats=Plugins.load(only=()).formats)


def syslog_format(**options: Any) -> SyslogFormat:
    return SyslogFormat(SyslogSettings.model_validate({"year": 2026, **options}), CONTEXT)


def decoded(record: str | bytes, **options: Any) -> Event:
    (event,) = syslog_format(**options).decode([record if isinstance(record, bytes) else record.encode()])
    return event


def test_rfc_5424_gives_every_field_of_the_header_and_the_structured_data() -> None:
    event = decoded(
        "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 8710 ID47 "
        '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"] '
        "\ufeffAn application event log entry"
    )

    assert event.time == datetime(2003, 10, 11, 22, 14, 15, 3000, tzinfo=UTC)
    assert (event.type, event.computer, event.application) == ("log", "mymachine.example.com", "evntslog")
    assert (event.severity, event.message) == ("low", "An application event log entry")
    assert event.attributes == {
        "facility": "local4",
        "process_id": "8710",
        "message_id": "ID47",
        "exampleSDID@32473.iut": "3",
        "exampleSDID@32473.eventSource": "Application",
        "exampleSDID@32473.eventID": "1011",
        "examplePriority@32473.class": "high",
    }


def test_nil_values_are_empty_and_an_element_may_have_no_parameters() -> None:
    event = decoded('<34>1 2003-08-24T05:14:15.000003-07:00 - - - - [empty@1][ip@1 ip="192.0.2.1" ip="192.0.2.2"]')

    assert event.time == datetime(2003, 8, 24, 12, 14, 15, 3, tzinfo=UTC)
    assert (event.computer, event.application, event.message) == ("", "", "")
    assert event.attributes == {"facility": "auth", "empty@1": "", "ip@1.ip": "192.0.2.1,192.0.2.2"}


def test_escapes_of_structured_data_are_undone_and_other_backslashes_stay() -> None:
    event = decoded(r'<13>1 2026-01-01T00:00:00Z h a - - [x@1 v="a \"b\" [c\] \\ C:\new"] text')

    assert event.attributes["x@1.v"] == r'a "b" [c] \ C:\new'
    assert event.message == "text"


def test_structured_data_that_are_none_are_left_in_the_message() -> None:
    event = decoded("<13>1 2026-01-01T00:00:00Z h a - - [not structured data")

    assert (event.computer, event.message) == ("h", "[not structured data")


@pytest.mark.parametrize(
    ("record", "host", "app", "process", "text"),
    [
        ("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "mymachine", "su", "", "'su root' failed"),
        ("Oct 11 22:14:15 box sshd[24200]: Invalid user", "box", "sshd", "24200", "Invalid user"),
        ("<13>Oct 11 22:14:15 10.0.0.99 Use the BFG!", "10.0.0.99", "", "", "Use the BFG!"),
        ("<13>Oct 11 22:14:15 su: no host", "", "su", "", "no host"),
        ("<13>Oct 11 22:14:15 CEF:0|a|b", "", "", "", "CEF:0|a|b"),
        ("<13>Oct 11 22:14:15 box CEF:0|a|b", "box", "", "", "CEF:0|a|b"),
        ("<13>Oct 11 22:14:15 fe80::1 app: x", "fe80::1", "app", "", "x"),
        ("<13>Oct 11 22:14:15 LAB app: capitals are no zone", "LAB", "app", "", "capitals are no zone"),
        ("<13>Oct 11 22:14:15.250 box app: x", "box", "app", "", "x"),
        ("<13>Oct 11 2026 22:14:15 box app: x", "box", "app", "", "x"),
        ("<13>Oct 11 22:14:15 2026 box app: x", "box", "app", "", "x"),
        ("<165>Oct 11 22:14:15 UTC 2026 box myproc[10]: x", "box", "myproc", "10", "x"),
        ("<189>29: *Oct 11 22:14:15.123 UTC: %SYS-5-CONFIG_I: Configured", "", "%SYS-5-CONFIG_I", "", "Configured"),
        ("<13>2026-10-11T22:14:15.250+00:00 box app[1]: x", "box", "app", "1", "x"),
        ("2026-10-11T22:14:15Z box app: x", "box", "app", "", "x"),
        ("2026-10-11 22:14:15 box app: x", "box", "app", "", "x"),
        ("<134>1 1791756855.250 MX60 flows allow", "MX60", "", "", "flows allow"),
        ("\ufeff<13>Oct 11 22:14:15 box app: BOM before", "box", "app", "", "BOM before"),
        ("<13>Oct 11 22:14:15 box app: padded\n\0\0\0", "box", "app", "", "padded"),
        ("<13>Oct 11 22:14:15 box app:", "box", "app", "", ""),
        ("<13>Oct 11 22:14:15 box", "", "", "", "box"),
    ],
)  # fmt: skip
def test_deviations_from_rfc_3164_are_understood(record: str, host: str, app: str, process: str, text: str) -> None:
    event = decoded(record)

    assert (event.computer, event.application, event.attributes.get("process_id", ""), event.message) == (
        host, app, process, text,
    )  # fmt: skip
    assert event.time.replace(microsecond=0) == datetime(2026, 10, 11, 22, 14, 15, tzinfo=UTC)


@pytest.mark.parametrize("record", ["<13>su: no time stamp", "<13>text", "text without any header", "", "<999>x", "<13>", "<>"])
def test_message_without_a_time_is_kept_and_gets_its_time_from_the_core(record: str) -> None:
    event = decoded(record)

    assert (event.type, event.time, event.raw) == ("log", UNKNOWN_TIME, record)


def test_time_that_is_none_is_no_reason_to_lose_the_rest() -> None:
    event = decoded("<13>1 2026-02-30T00:00:00Z box app - - - x")

    assert (event.type, event.time, event.computer, event.message) == ("log", UNKNOWN_TIME, "box", "x")


def test_message_without_a_time_happened_when_it_arrived() -> None:
    intake = Intake("box", syslog_format(), Projection(["computer"]))
    start = Cursor("spool", 0, {"received": 1_790_000_000_000_000})

    items, event_at = intake.take(Batch((b"<13>su: no time stamp", b"<13>1 2026-01-01T00:00:00Z h a - - - x"), start, start))

    assert items[0].time == event_at(0).time == datetime.fromtimestamp(1_790_000_000, UTC)
    assert items[1].time == datetime(2026, 1, 1, tzinfo=UTC)


def test_time_without_a_zone_is_in_the_assumed_one() -> None:
    assert decoded("Jul 11 12:00:00 box app: x", timezone="Europe/Berlin").time == datetime(2026, 7, 11, 10, tzinfo=UTC)
    assert decoded("Jan 11 12:00:00 box app: x", timezone="Europe/Berlin").time == datetime(2026, 1, 11, 11, tzinfo=UTC)
    assert decoded("Jan 11 12:00:00 box app: x", timezone="-03:30").time == datetime(2026, 1, 11, 15, 30, tzinfo=UTC)
    assert decoded("Jan 11 12:00:00 PST box app: x", timezone="Europe/Berlin").time == datetime(2026, 1, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "stamp", "meant"),
    [
        (datetime(2027, 1, 1, 0, 0, 5, tzinfo=UTC), "Dec 31 23:59:59", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "Jan  1 00:00:04", datetime(2027, 1, 1, 0, 0, 4, tzinfo=UTC)),
        (datetime(2028, 3, 1, tzinfo=UTC), "Feb 29 12:00:00", datetime(2028, 2, 29, 12, tzinfo=UTC)),
        (datetime(2027, 3, 1, tzinfo=UTC), "Mar  1 00:00:00", datetime(2027, 3, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), "Mar  2 06:25:04", datetime(2026, 3, 2, 6, 25, 4, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), "Jan  1 00:00:00", datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), "Jan  1 00:00:01", datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (datetime(2027, 2, 28, tzinfo=UTC), "Feb 29 12:00:00", datetime(2024, 2, 29, 12, tzinfo=UTC)),
    ],
)
def test_year_is_the_one_nearest_to_now_but_a_log_does_not_tell_the_future(
    now: datetime, stamp: str, meant: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return now

    monkeypatch.setattr("alert_core.wire.times.datetime", Clock)
    monkeypatch.setattr("alert_core.wire.stamps.datetime", Clock)

    event = decoded(f"<13>{stamp} box app: x", year=None)

    assert event.time == meant


def test_what_was_worked_out_for_a_year_is_forgotten_when_the_day_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [datetime(2026, 12, 31, 12, tzinfo=UTC)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return now[0]

    monkeypatch.setattr("alert_core.wire.times.datetime", Clock)
    monkeypatch.setattr("alert_core.wire.stamps.datetime", Clock)
    log = syslog_format(year=None)
    record = b"<13>Jul  2 12:00:00 box app: x"

    (before,) = log.decode([record])
    now[0] += timedelta(days=155)
    (after,) = log.decode([record])

    assert (before.time.year, after.time.year) == (2026, 2027)


def test_repeated_message_counts_as_often_as_it_was_repeated() -> None:
    repeated = decoded("Oct 11 22:14:15 box sshd[1]: message repeated 5 times: [ Failed password for root]")
    last = decoded("Oct 11 22:14:15 box last message repeated 3 times")

    assert (repeated.count, repeated.message) == (5, "Failed password for root")
    assert (last.count, last.message) == (3, "last message repeated 3 times")


def test_message_can_have_a_format_of_its_own_and_the_header_fills_what_it_leaves_open() -> None:
    event = decoded(
        '<131>Oct 11 22:14:15 relay app[7]: {"type": "login", "user": "bob", "time": "2026-01-01T00:00:00Z"}', format="json"
    )
    open_time = decoded("<131>Oct 11 22:14:15 relay CEF:0|v|p|1|100|name||suser=bob", format="cef")

    assert (event.type, event.user, event.time) == ("login", "bob", datetime(2026, 1, 1, tzinfo=UTC))
    assert (event.computer, event.server, event.severity, event.application) == ("relay", "relay", "major", "app")
    assert event.attributes == {"facility": "local0", "process_id": "7"}
    assert (open_time.type, open_time.time) == ("100", datetime(2026, 10, 11, 22, 14, 15, tzinfo=UTC))
    assert event.raw.startswith("<131>")


def test_host_of_the_header_does_not_hide_the_computer_of_the_message() -> None:
    event = decoded('<131>Oct 11 22:14:15 manager app: {"computer": "client", "time": 0}', format="json")

    assert (event.computer, event.server) == ("client", "manager")


def test_message_that_its_format_cannot_read_keeps_the_time_and_the_place() -> None:
    event = decoded("<131>Oct 11 22:14:15 relay app: not JSON at all", format="json")

    assert (event.type, event.computer) == ("unparsed", "relay")
    assert event.time == datetime(2026, 10, 11, 22, 14, 15, tzinfo=UTC)
    assert event.attributes["reason"].startswith("not JSON")


def test_format_is_used_for_the_named_programs_only() -> None:
    log = syslog_format(format={"type": "json"}, programs=["app"])

    read, left = log.decode([b'Oct 11 22:14:15 box app: {"time": 0, "type": "x"}', b"Oct 11 22:14:15 box cron: hello"])

    assert (read.type, left.type, left.message) == ("x", "log", "hello")


def test_structured_data_can_fill_fields() -> None:
    event = decoded('<13>1 2026-01-01T00:00:00Z h a - - [x@1 u="bob" n="3"]', fields={"user": "x@1.u", "count": "x@1.n"})

    assert (event.user, event.count, event.attributes) == ("bob", 3, {"facility": "user"})


RECORDS = st.one_of(
    st.text(),
    st.sampled_from(
        [
            '<165>1 2003-10-11T22:14:15.003Z host app 8710 ID47 [x@1 a="b"] text',
            "<34>Oct 11 22:14:15 mymachine su: failed",
            "2026-10-11T22:14:15+02:00 host app[1]: text",
            "<13>Oct 11 22:14:15 box app: message repeated 2 times: [ x]",
            "<13>no time",
            "   ",
            "\u2028<13>Oct 11 22:14:15 box app: x",
        ]
    ),
    st.from_regex(r"<\d{1,3}>(1 )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [a-z]{1,5} [a-z]{1,5}(\[\d\])?: .*", fullmatch=True),
)


@given(records=st.lists(RECORDS, max_size=5))
@example(records=["<13>Oct 11 22:14:15 box app: x", "<13>1 2026-01-01T00:00:00Z h a - - - y"])
@settings(deadline=None)
def test_fast_way_says_the_same_as_the_whole_event(records: list[str]) -> None:
    lines = [record.encode("utf-8", "replace").replace(b"\n", b" ") for record in records]
    block = b"".join(line + b"\n" for line in lines)
    projection = Projection(["computer", "application", "severity", "message", "user"])
    start = Cursor("file", 0)
    slow = Intake("box", syslog_format(), projection)
    slow._decode = None

    fast, _ = Intake("box", syslog_format(), projection).take(Batch(block, start, start))
    whole, _ = slow.take(Batch(block, start, start))

    assert list(fast) == list(whole)


@given(st.binary())
def test_any_bytes_are_one_event(record: bytes) -> None:
    for options in ({}, {"format": "auto"}, {"format": "cef"}):
        (event,) = syslog_format(**options).decode([record])

        assert event.raw == record.decode("utf-8", "replace")
        assert isinstance(event.time.tzinfo, timezone)
