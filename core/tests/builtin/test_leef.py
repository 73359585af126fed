"""What the format `leef` makes of records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin._flat import FlatSettings
from alert_core.builtin.leef import LeefFormat
from alert_core.components import Context
from alert_core.model import UNKNOWN_TIME


def decoded(record: str | bytes, **options: Any) -> Event:
    settings = FlatSettings.model_validate({"year": 2026, **options})
    (event,) = LeefFormat(settings, Context(name="siem")).decode([record if isinstance(record, bytes) else record.encode()])
    return event


def test_attributes_of_the_format_fill_fields() -> None:
    event = decoded(
        "LEEF:2.0|Lancope|StealthWatch|1.0|41|^|src=192.0.2.1^dst=192.0.2.5^sev=5^srcPort=81^dstPort=21^usrName=bob"
        "^proto=TCP^cat=anomaly^devTime=1700000000123^msg=there are spaces"
    )

    assert event.time == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    assert (event.type, event.severity, event.user, event.protocol) == ("41", "minor", "bob", "TCP")
    assert (event.source_address, event.source_port, event.destination_address, event.destination_port) == (
        "192.0.2.1", 81, "192.0.2.5", 21,
    )  # fmt: skip
    assert (event.computer, event.message) == ("192.0.2.5", "there are spaces")
    assert event.attributes == {
        "cat": "anomaly", "vendor": "Lancope", "product": "StealthWatch", "product_version": "1.0", "leef_version": "2.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    "rest",
    [
        "^|a=1^b=2", "x5E|a=1^b=2", "0x5E|a=1^b=2", "0x5e|a=1^b=2", "\\x5E|a=1^b=2", "\\u005E|a=1^b=2", "x7C|a=1|b=2",
        "\t|a=1\tb=2", "x09|a=1\tb=2", "\\t|a=1\tb=2", "|a=1\tb=2", "a=1\tb=2", "a=1#011b=2", "a=1 b=2", ";|a=1;b=2",
    ],
)  # fmt: skip
def test_delimiter_is_understood_in_every_notation(rest: str) -> None:
    event = decoded(f"LEEF:2.0|v|p|1|id|{rest}")

    assert (event.attributes["a"], event.attributes["b"]) == ("1", "2")


@pytest.mark.parametrize("rest", ["a=1\tb=2", "a=1 b=2", "a=1#011b=2"])
def test_version_1_has_tabs_or_what_became_of_them(rest: str) -> None:
    event = decoded(f"<13>Jan 18 11:07:53 192.0.2.7 LEEF:1.0|v|p|1|id|{rest}")

    assert (event.attributes["a"], event.attributes["b"]) == ("1", "2")
    assert (event.computer, event.time) == ("192.0.2.7", datetime(2026, 1, 18, 11, 7, 53, tzinfo=UTC))


def test_delimiter_inside_a_value_does_not_cost_the_rest_of_it() -> None:
    event = decoded("LEEF:2.0|v|p|1|id|^|msg=2^10 is much^user=bob^C:\\a=b")

    assert event.message == "2^10 is much"
    assert event.attributes["user"] == "bob^C:\\a=b"


def test_value_full_of_delimiters_costs_no_more_than_its_length() -> None:
    event = decoded("LEEF:2.0|v|p|1|id|^|msg=a" + "^a" * 300_000)

    assert event.message == "a" + "^a" * 300_000


@pytest.mark.parametrize(
    ("stamp", "written", "meant"),
    [
        ("01/31/2019 11:07:53", "MM/dd/yyyy HH:mm:ss", datetime(2019, 1, 31, 11, 7, 53, tzinfo=UTC)),
        ("31.01.2019 11:07:53.520", "dd.MM.yyyy HH:mm:ss.SSS", datetime(2019, 1, 31, 11, 7, 53, 520000, tzinfo=UTC)),
        ("2019-01-31T11:07:53+0100", "yyyy-MM-dd'T'HH:mm:ssZ", datetime(2019, 1, 31, 10, 7, 53, tzinfo=UTC)),
        ("Jan 31 2019 11:07:53", "MMM dd yyyy HH:mm:ss", datetime(2019, 1, 31, 11, 7, 53, tzinfo=UTC)),
        ("Jan 31 2019 11:07:53", "nonsense % QQQ", datetime(2019, 1, 31, 11, 7, 53, tzinfo=UTC)),
        ("1548932873000", "whatever", datetime(2019, 1, 31, 11, 7, 53, tzinfo=UTC)),
        ("Jan 31 11:07:53", "MMM dd HH:mm:ss", datetime(2026, 1, 31, 11, 7, 53, tzinfo=UTC)),
        ("Jan 31 11:07:53", "", datetime(2026, 1, 31, 11, 7, 53, tzinfo=UTC)),
    ],
)
def test_dev_time_format_says_how_dev_time_reads(stamp: str, written: str, meant: datetime) -> None:
    assert decoded(f"LEEF:1.0|v|p|1|id|devTime={stamp}\tdevTimeFormat={written}").time == meant


def test_record_without_a_time_gets_it_from_the_core() -> None:
    assert decoded("LEEF:1.0|v|p|1|id|a=1").time == UNKNOWN_TIME


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("LEEF:1.0|v|p", "not LEEF: the header ends after 3 of 5 fields, at position 12"),
        ("junk", "no 'LEEF:' in it"),
        ("LEEF:1.0|v|p|1|id|devTime=soon", "unreadable time 'soon'"),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(record: str, reason: str) -> None:
    event = decoded(record)

    assert (event.type, event.raw, event.attributes["reason"]) == ("unparsed", record, reason)


@given(st.one_of(st.binary(), st.binary().map(lambda tail: b"LEEF:2.0|v|p|1|id|" + tail), st.text().map(str.encode)))
def test_any_bytes_are_one_event(record: bytes) -> None:
    event = decoded(record)

    assert event.raw == record.decode("utf-8", "replace")
