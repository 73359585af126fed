from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alert_core import UNPARSED, Context, Event
from alert_core.builtin.pattern import PatternFormat, PatternSettings

FAILED = (
    r"sshd\[\d+\]: Failed password for (?:invalid user )?(?P<user>.*) from (?P<computer>\S+) port (?P<source_port>\d+) ssh2$"
)
REPEATED = (
    r"sshd\[\d+\]: message repeated (?P<count>\d+) times: "
    r"\[ Failed password for (?P<user>.*) from (?P<computer>\S+) port \d+ ssh2\]$"
)
SSHD = [{"regex": FAILED, "type": "auth-failure"}, {"regex": REPEATED, "type": "auth-failure"}]

LOG = b"""\
Nov  3 23:59:58 gate sshd[811]: Invalid user oper from 192.0.2.7\r
Nov  3 23:59:59 gate sshd[811]: Failed password for invalid user oper from 192.0.2.7 port 40022 ssh2\r
Nov  4 00:00:01 gate sshd[812]: Failed password for root from 198.51.100.9 port 51000 ssh2\r
Nov  4 00:00:09 gate sshd[812]: message repeated 5 times: [ Failed password for root from 198.51.100.9 port 51000 ssh2]\r
Nov  4 00:00:10 gate sshd[812]: Connection closed by 198.51.100.9 [preauth]\r
"""


def decode(*lines: str | bytes, **options: Any) -> list[Event]:
    """What the lines become; the year is 2015 unless said otherwise."""
    pattern_format = PatternFormat(PatternSettings.model_validate({"year": 2015, **options}), Context(name="auth"))
    return pattern_format.decode([line.encode() if isinstance(line, str) else line for line in lines])


def decode_one(line: str | bytes, regex: str = "", **options: Any) -> Event:
    patterns = [{"regex": regex, "type": "found", **options.pop("pattern", {})}] if regex else []
    (event,) = decode(line, patterns=patterns, **options)
    return event


def test_failed_logins_are_told_from_other_lines() -> None:
    events = decode(*LOG.splitlines(), patterns=SSHD)

    assert [event.type for event in events] == ["log", "auth-failure", "auth-failure", "auth-failure", "log"]
    assert events[1] == Event(
        time=datetime(2015, 11, 3, 23, 59, 59, tzinfo=UTC),
        type="auth-failure",
        computer="192.0.2.7",
        user="oper",
        source_port=40022,
        raw="Nov  3 23:59:59 gate sshd[811]: Failed password for invalid user oper from 192.0.2.7 port 40022 ssh2",
    )


def test_repeated_message_counts_as_often_as_it_says() -> None:
    events = decode(*LOG.splitlines(), patterns=SSHD)

    assert [event.count for event in events if event.type == "auth-failure"] == [1, 1, 5]


def test_user_name_that_looks_like_an_address_does_not_hide_the_real_one() -> None:
    user = "x from 203.0.113.1 port 22 ssh2"
    line = f"Nov  4 00:00:01 gate sshd[8]: Failed password for invalid user {user} from 192.0.2.66 port 9 ssh2"

    (event,) = decode(line, patterns=SSHD)

    assert (event.user, event.computer) == (user, "192.0.2.66")


def test_first_pattern_that_is_found_decides() -> None:
    patterns = [{"regex": "two", "type": "second"}, {"regex": "[nw][eo]$", "type": "third"}]

    events = decode("Nov  4 00:00:01 two", "Nov  4 00:00:01 one", "Nov  4 00:00:01 six", patterns=patterns)

    assert [event.type for event in events] == ["second", "third", "log"]


def test_groups_fill_fields_and_all_others_are_attributes() -> None:
    event = decode_one(
        "Nov  4 00:00:01 user=ann id=17 rhost=192.0.2.7 tty=ssh sev=4",
        r"user=(?P<user>\S+) id=(?P<id>\d+) rhost=(?P<rhost>\S+) tty=(?P<tty>\S+) sev=(?P<severity>\d+)(?P<absent> x)?",
        pattern={"fields": {"computer": "rhost", "terminal": "tty"}, "constants": {"group": "gates", "site": 3}},
    )

    assert (event.user, event.computer, event.group, event.severity) == ("ann", "192.0.2.7", "gates", 4)
    assert event.attributes == {"site": 3, "id": "17", "terminal": "ssh"}


def test_type_can_come_from_the_line() -> None:
    event = decode_one("Nov  4 00:00:01 event=logon", r"event=(?P<type>\S+)")

    assert event.type == "logon"


@pytest.mark.parametrize("number", ["http", "0", "-1", "9" * 30, "9" * 5000, "\u0663" * 20])
def test_number_that_does_not_fit_is_kept_as_an_attribute(number: str) -> None:
    event = decode_one(f"Nov  4 00:00:01 n={number}", r"n=(?P<count>\S+)")

    assert event.count == 1
    assert event.attributes == {"count": number}


def test_line_without_a_time_is_kept_as_unparsed() -> None:
    event = decode_one("  at Main.java:17\xff")

    assert event.type == UNPARSED
    assert event.raw == "  at Main.java:17\xff"
    assert event.attributes["reason"] == "no syslog time at the beginning"


def test_bytes_that_are_no_text_are_replaced() -> None:
    event = decode_one(b"Nov  4 00:00:01 \xff\xfe", "\ufffd")

    assert event.type == "found"
    assert event.raw == "Nov  4 00:00:01 \ufffd\ufffd"


def test_only_the_beginning_of_a_very_long_line_is_searched() -> None:
    line = "Nov  4 00:00:01 " + "x" * 70_000 + " end"

    event = decode_one(line, "end")

    assert event.type == "log"
    assert event.raw == line


@pytest.mark.parametrize(
    ("time_format", "line", "expected"),
    [
        ("syslog", "Dec 31 23:59:59 x", "2015-12-31T23:59:59"),
        ("syslog", "Jan  1 00:00:00 x", "2015-01-01T00:00:00"),
        ("iso8601", "2024-02-29T12:00:00Z x", "2024-02-29T12:00:00"),
        ("iso8601", "2024-02-29T12:00:00.25+02:00 x", "2024-02-29T10:00:00.250000"),
        ("iso8601", "2024-02-29 12:00:00,123 [main] x", "2024-02-29T12:00:00.123000"),
        ("iso8601", "20240229T120000Z", "2024-02-29T12:00:00"),
        ("epoch", "1449730546 x", "2015-12-10T06:55:46"),
        ("epoch", "1449730546.5 x", "2015-12-10T06:55:46.500000"),
        ("epoch", "1449730546123 x", "2015-12-10T06:55:46.123000"),
        ("epoch", "1449730546123456 x", "2015-12-10T06:55:46.123456"),
        ("epoch", "1449730546123456789 x", "2015-12-10T06:55:46.123456"),
        ("%d/%b/%Y:%H:%M:%S %z", "10/Oct/2000:13:55:36 -0700 x", "2000-10-10T20:55:36"),
        ("%d.%m. %H:%M", "10.12. 06:55 x", "2015-12-10T06:55:00"),
    ],
)
def test_time_is_read(time_format: str, line: str, expected: str) -> None:
    event = decode_one(line, time_format=time_format)

    assert event.time == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("time_format", "line"),
    [
        ("syslog", "Dec 32 00:00:00 x"),
        ("syslog", "Feb 29 00:00:00 x"),
        ("syslog", "Dez 10 00:00:00 x"),
        ("syslog", "Dec 10 24:00:00 x"),
        ("syslog", "Dec \u0661\u0660 00:00:00 x"),
        ("syslog", ""),
        ("iso8601", "2024-02-30T12:00:00Z"),
        ("iso8601", "0001-01-01T00:00:00+14:00"),
        ("iso8601", "yesterday"),
        ("epoch", "x"),
        ("epoch", "9" * 11),
        ("epoch", "9" * 25),
        ("%d/%m/%Y", "30/02/2024"),
        ("%d/%m %H", "29/02 1"),
    ],
)
def test_impossible_time_is_unparsed_or_far_away_but_never_an_error(time_format: str, line: str) -> None:
    event = decode_one(line, time_format=time_format)

    assert event.type == UNPARSED or event.time.year > 2200


@pytest.mark.parametrize(
    ("zone", "expected"), [("Europe/Berlin", 5), ("+02:00", 4), ("-0330", 9.5), ("UTC", 6), ("America/New_York", 11)]
)
def test_time_zone_is_taken_into_account(zone: str, expected: float) -> None:
    event = decode_one("Dec 10 06:00:00 x", timezone=zone)

    assert event.time == datetime(2015, 12, 10, tzinfo=UTC) + timedelta(hours=expected)


def test_time_can_stand_anywhere_in_the_line() -> None:
    event = decode_one(
        '192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 401 -',
        r'^(?P<source_address>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "[^"]*" 401 ',
        time_format="%d/%b/%Y:%H:%M:%S %z",
    )

    assert event.type == "found"
    assert event.time == datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC)


def test_year_that_begins_in_another_month_runs_past_new_year() -> None:
    events = decode("Jul  1 00:00:00 x", "Dec 31 23:59:59 x", "Jan  1 00:00:00 x", "Jun 30 23:59:59 x", year_begins=7)

    assert [event.time.year for event in events] == [2015, 2015, 2016, 2016]
    assert events[2].time - events[1].time == timedelta(seconds=1)


def test_each_line_says_the_same_whatever_was_read_before_it() -> None:
    lines = ["Dec 31 23:59:59 x", "Jan  1 00:00:00 x", "Dec 31 23:59:59 x"]

    together = decode(*lines, year_begins=7)

    assert together == [decode(line, year_begins=7)[0] for line in lines]


@pytest.mark.parametrize("days", [-330, -170, -30, -1, 0, 1, 30])
def test_nearest_year_is_the_one_of_a_log_that_is_being_written(days: int) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)

    event = decode_one(f"{moment:%b} {moment.day:2} {moment:%H:%M:%S} x", year="nearest")

    assert event.time == moment


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"year": None}, r"times of format 'syslog' do not say the year; set year to it, such as 2015, or to \"nearest\""),
        ({"year": "last"}, "nearest"),
        ({"year": 1}, "must be from 1970 to 9998"),
        ({"year_begins": 13}, "less than or equal to 12"),
        ({"timezone": "Europe/Nowhere"}, "neither a time zone such as Europe/Berlin nor an offset"),
        ({"timezone": "../../etc/passwd"}, "neither a time zone"),
        ({"timezone": "+99:00"}, "neither a time zone"),
        ({"time_format": "rfc3339"}, "does not say the month and the day|neither syslog"),
        ({"time_format": "%Q"}, "neither syslog, iso8601, epoch nor a strptime format"),
        ({"time_format": "%H:%M"}, "does not say the month and the day"),
        ({"patterns": [{"regex": "(", "type": "x"}]}, "not a regular expression: missing"),
        ({"patterns": [{"regex": "[[a]", "type": "x"}]}, "not a regular expression: Possible nested set"),
        ({"patterns": [{"regex": "a{99999999999}", "type": "x"}]}, "not a regular expression"),
        ({"patterns": [{"regex": "x", "type": ""}]}, "at least 1 character"),
        ({"patterns": [{"regex": "x"}]}, "Field required"),
        ({"patterns": [{"regex": "x", "type": "x", "fields": {"user": "who"}}]}, "no group of that name"),
        ({"patterns": [{"regex": "(?P<who>x)", "type": "x", "fields": {"raw": "who"}}]}, "filled in by alert"),
        ({"patterns": [{"regex": "x", "type": "x", "constants": {"count": "many"}}]}, "whole number from 1"),
        ({"patterns": [{"regex": "x", "type": "x", "constants": {"user": 5}}]}, "'user' must be text"),
        ({"patterns": [{"regex": "x", "type": "x", "constants": {"time": "now"}}]}, "cannot be a constant"),
        ({"pattern": []}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        PatternSettings.model_validate({"year": 2015, **options})


@pytest.mark.parametrize(
    "regex",
    [r"(a+)+", r"(.*)*", r"^(\w+)*$", r"(?:[a-z]+)+x", r"(a|b+)+", r"(\s*\w+)*", r"(,?\d+)*", r"(a{1,3})*", r"(?:a*b*)*",
     r"x(?=(a+)+)", r"((a+))*?", r"[^x](?:y|(z+)+)"],
)  # fmt: skip
def test_regular_expression_that_a_hostile_line_could_keep_busy_is_refused(regex: str) -> None:
    with pytest.raises(ValidationError, match="can take for ever on a hostile line"):
        PatternSettings.model_validate({"year": 2015, "patterns": [{"regex": regex, "type": "x"}]})


@pytest.mark.parametrize(
    "regex",
    [FAILED, REPEATED, r"(?:\d+\.)+", r"(?:\s+\w+)*", r"(a++)+", r"(?:a?b?)*", r"(?:ab)*", r"(?:\w+=\S+ )*", r"(?>a+)+"],
)
def test_harmless_regular_expression_is_accepted(regex: str) -> None:
    settings = PatternSettings.model_validate({"year": 2015, "patterns": [{"regex": regex, "type": "x"}]})

    assert settings.patterns[0].regex == regex


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        (r"a(?:bc)?d", "ad"),
        (r"(?i)LOGIN failed", "login FAILED"),
        (r"(?i:LOGIN) failed", "login failed"),
        (r"one|two", "two"),
        (r"(?x) a b  # comment", "ab"),
        (r"(?!ab)a[cd]", "ad"),
        (r"(a)?(?(1)b|c)", "c"),
        (r"(?:ab|cd)e", "cde"),
        (r"(?P<x>ab)(?P=x)", "abab"),
        (r"a{0}b", "b"),
        (r"\.\[", ".["),
    ],
)
def test_looking_for_a_fixed_text_first_misses_no_match(regex: str, text: str) -> None:
    event = decode_one(f"Nov  4 00:00:01 {text}", regex)

    assert event.type == "found"


@settings(deadline=None)
@given(record=st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda rest: b"Dec 10 06:55:46 " + rest)))
@pytest.mark.parametrize("time_format", ["syslog", "iso8601", "epoch", "%d/%b/%Y:%H:%M:%S %z"])
def test_any_record_becomes_one_event(record: bytes, time_format: str) -> None:
    patterns = [{"regex": r"(?P<time>\d+)(?P<count>.)?(?P<severity>.)?", "type": "x"}]

    (event,) = decode(record, record.rstrip(b"\r\n"), time_format=time_format, patterns=patterns)[:1]

    assert event.raw.rstrip("\r\n") == record.decode("utf-8", "replace").rstrip("\r\n")


@settings(deadline=None)
@given(regex=st.text(alphabet=r"ab()[]{}*+?|\.^$<>P:=!1,dws-", max_size=25))
def test_any_text_as_a_regular_expression_is_usable_or_refused(regex: str) -> None:
    try:
        PatternSettings.model_validate({"year": 2015, "patterns": [{"regex": regex, "type": "x"}]})
    except ValidationError:
        return

    assert decode_one("Dec 10 06:55:46 ab1-", regex).type in ("found", "log")
