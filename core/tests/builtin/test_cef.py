"""What the format `cef` makes of records, and that it reads back what alert writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin._flat import FlatSettings
from alert_core.builtin.cef import CefFormat
from alert_core.components import Batch, Context, Cursor
from alert_core.model import UNKNOWN_TIME
from alert_core.projection import Projection
from alert_core.runtime.intake import Intake


def decoded(record: str | bytes, **options: Any) -> Event:
    settings = FlatSettings.model_validate({"year": 2026, **options})
    (event,) = CefFormat(settings, Context(name="ips")).decode([record if isinstance(record, bytes) else record.encode()])
    return event


# The layout of TippingPoint's SMS, with documentation addresses.
SMS = (
    "<134>CEF:0|TippingPoint|UnityOne|1.0.0.17|5670|HTTP: SQL Injection|4|app=http cnt=3 dst=192.0.2.5 dpt=80 act=Block "
    "cn1=0 cn1Label=VLAN ID cs1Label=Profile Name cs1=Default cs2=00000001-0001 cs2Label=Policy UUID cs5Label=SMS Name cs5= "
    "dvchost=tp1 rt=1700000000123 proto=tcp src=203.0.113.4 spt=12345 externalId=17 request= dhost="
)


def test_keys_of_the_standard_fill_fields_and_labels_name_attributes() -> None:
    event = decoded(SMS)

    assert event.time == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    assert (event.type, event.message, event.severity, event.count) == ("5670", "HTTP: SQL Injection", "minor", 3)
    assert (event.source_address, event.source_port, event.destination_address, event.destination_port) == (
        "203.0.113.4", 12345, "192.0.2.5", 80,
    )  # fmt: skip
    assert (event.computer, event.server, event.action, event.protocol) == ("192.0.2.5", "tp1", "Block", "tcp")
    assert event.attributes == {
        "facility": "local0", "VLAN ID": "0", "Profile Name": "Default", "Policy UUID": "00000001-0001", "SMS Name": "",
        "externalId": "17", "request": "", "app": "http", "vendor": "TippingPoint", "product": "UnityOne",
        "product_version": "1.0.0.17", "name": "HTTP: SQL Injection", "cef_version": "0",
    }  # fmt: skip
    assert event.raw == SMS


def test_escapes_are_undone_in_header_and_extension() -> None:
    event = decoded(
        r"CEF:1|v|p|1|100|a \| in \\ the name|3|act=blocked a | msg=a\=b\nc\\d cs1=x\=y dst=1.1.1.1 rt=1700000000000"
    )

    assert event.attributes["name"] == "a | in \\ the name"
    assert (event.action, event.message, event.attributes["cs1"]) == ("blocked a |", "a=b\nc\\d", "x=y")
    assert event.attributes["cef_version"] == "1"


def test_equals_signs_that_nobody_escaped_belong_to_the_value() -> None:
    event = decoded("CEF:0|v|p|1|1|n|3|request=http://192.0.2.1/?a=1&b=2 msg=two  blanks  dhost= web-1 rt=1700000000000")

    assert event.attributes["request"] == "http://192.0.2.1/?a=1&b=2"
    assert (event.message, event.computer) == ("two  blanks", "web-1")


@pytest.mark.parametrize(
    ("stamp", "meant"),
    [
        ("1700000000123", datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("Jan 18 11:07:53", datetime(2026, 1, 18, 11, 7, 53, tzinfo=UTC)),
        ("Jan 18 11:07:53.520", datetime(2026, 1, 18, 11, 7, 53, 520000, tzinfo=UTC)),
        ("Jan 18 11:07:53.520 PST", datetime(2026, 1, 18, 19, 7, 53, 520000, tzinfo=UTC)),
        ("Jan 18 11:07:53 GMT+01:00", datetime(2026, 1, 18, 10, 7, 53, tzinfo=UTC)),
        ("Jan 18 2019 11:07:53", datetime(2019, 1, 18, 11, 7, 53, tzinfo=UTC)),
        ("Jan 18 2019 11:07:53.520 UTC", datetime(2019, 1, 18, 11, 7, 53, 520000, tzinfo=UTC)),
        ("Jul 18 2019 11:07:53 Europe/Berlin", datetime(2019, 7, 18, 9, 7, 53, tzinfo=UTC)),
        ("2019-01-18T11:07:53.520+01:00", datetime(2019, 1, 18, 10, 7, 53, 520000, tzinfo=UTC)),
        ("2019-01-18 11:07:53", datetime(2019, 1, 18, 11, 7, 53, tzinfo=UTC)),
    ],
)
def test_times_come_in_many_forms(stamp: str, meant: datetime) -> None:
    assert decoded(f"CEF:0|v|p|1|1|n|3|rt={stamp}").time == meant


def test_device_says_its_zone_and_the_first_legible_time_counts() -> None:
    zoned = decoded("CEF:0|v|p|1|1|n|3|rt=Jul 18 2019 11:07:53 dtz=Europe/Berlin", timezone="Asia/Tokyo")
    second = decoded("CEF:0|v|p|1|1|n|3|rt=whenever end=1700000000000")

    assert zoned.time == datetime(2019, 7, 18, 9, 7, 53, tzinfo=UTC)
    assert (second.time, second.attributes["rt"]) == (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "whenever")


def test_time_of_the_syslog_header_stands_in_and_without_any_the_core_gives_one() -> None:
    headed = decoded("<134>Sep 19 08:26:10 fw CEF:0|v|p|1|1|n|3|act=x")
    new = decoded("<134>1 2026-09-19T08:26:10Z fw prog - - - CEF:0|v|p|1|1|n|3|act=x")
    bare = decoded("CEF:0|v|p|1|1|n|3|act=x")

    assert headed.time == new.time == datetime(2026, 9, 19, 8, 26, 10, tzinfo=UTC)
    assert (headed.computer, headed.server, headed.attributes["facility"]) == ("fw", "fw", "local0")
    assert (bare.type, bare.time) == ("1", UNKNOWN_TIME)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0", "information"), ("1", "low"), ("3", "low"), ("4", "minor"), ("6", "minor"), ("7", "major"), ("8", "major"),
        ("9", "critical"), ("10", "critical"),
        ("Low", "low"), ("Medium", "minor"), ("High", "major"), ("Very-High", "critical"),
        ("Unknown", ""), ("", ""), ("weird", "weird"), ("11", 11),
    ],
)  # fmt: skip
def test_severities_are_numbers_or_words(written: str, meant: str | int) -> None:
    assert decoded(f"CEF:0|v|p|1|1|n|{written}|rt=1700000000000").severity == meant


@pytest.mark.parametrize(("written", "count"), [("7", 7), ("0", 1), ("-1", 1), ("many", 1), ("99999999999", 1), ("", 1)])
def test_cnt_is_counted_if_it_is_a_count(written: str, count: int) -> None:
    event = decoded(f"CEF:0|v|p|1|1|n|3|rt=1700000000000 cnt={written}")

    assert event.count == count
    assert event.attributes.get("cnt") == (written if written and count == 1 else None)


def test_ipv6_addresses_are_taken_from_the_fields_that_version_0_has_for_them() -> None:
    event = decoded("CEF:0|v|p|1|1|n|3|c6a2=2001:db8::1 c6a2Label=Source IPv6 Address c6a3=2001:db8::2 rt=1700000000000")

    assert (event.source_address, event.destination_address) == ("2001:db8::1", "2001:db8::2")


def test_label_does_not_replace_what_has_that_name_already() -> None:
    event = decoded("CEF:0|v|p|1|1|n|3|cs1Label=request cs1=a request=b cs2Label=lonely rt=1700000000000")

    assert {"request": "b", "cs1": "a", "cs1Label": "request", "cs2Label": "lonely"}.items() <= event.attributes.items()


def test_mapping_can_be_changed() -> None:
    event = decoded(
        "CEF:0|v|p|1|100|n|3|shost=pc-1 dhost=web cat=exploit externalId=a1 rt=1700000000000",
        fields={"computer": "shost", "type": ["missing", "cat"], "id": "externalId"},
    )

    assert (event.computer, event.type, event.id, event.attributes["dhost"]) == ("pc-1", "exploit", "a1", "web")


def test_header_may_end_without_an_extension() -> None:
    assert decoded("CEF:0|v|p|1|100|n|3").type == decoded("CEF:0|v|p|1|100|n|3|").type == "100"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("CEF:0|v|p", "not CEF: the header ends after 3 of 7 fields, at position 9"),
        (r"CEF:0|v\|p|1|1|n", "not CEF: the header ends after 5 of 7 fields, at position 16"),
        ("junk", "no 'CEF:' in it"),
        ("", "no 'CEF:' in it"),
        ("CEF:0|v|p|1|1|n|3|rt=tomorrow", "unreadable time 'tomorrow'"),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(record: str, reason: str) -> None:
    event = decoded(record)

    assert (event.type, event.raw, event.attributes["reason"]) == ("unparsed", record, reason)


@given(st.one_of(st.binary(), st.binary().map(lambda tail: b"CEF:0|v|p|1|1|n|3|" + tail), st.text().map(str.encode)))
def test_any_bytes_are_one_event(record: bytes) -> None:
    event = decoded(record)

    assert event.raw == record.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "records",
    [
        [SMS, "<134>Sep 19 08:26:10 fw CEF:0|v|p|1|1|n|3|act=x", "CEF:0|v|p|1|1|n|Low|rt=1700000000 suser=bob  shost= a "],
        ["CEF:0|v|p|1|1|n|3|rt=1700000000 cnt=2000000000", "CEF:0|v|p|1|1|n|3|rt=1700000000 cnt=x c6a2=2001:db8::1"],
        ["CEF:0|alert|alert|1|1|n|3|rt=1700000000 dhost=a"],
        ["CEF:0|v|p|1|1|n|3|act=timeless"],
        ["junk", SMS],
    ],
)
def test_fast_way_says_the_same_as_the_whole_event(records: list[str]) -> None:
    log = CefFormat(FlatSettings(year=2026), Context(name="ips"))
    projection, start = Projection(["computer", "server", "severity", "user", "source_address", "message"]), Cursor("file", 0)
    fast, slow = Intake("ips", log, projection), Intake("ips", log, projection)
    slow._decode = None
    batch = Batch("\n".join(records).encode(), start, start)

    assert fast._decode is not None
    assert list(fast.take(batch)[0]) == list(slow.take(batch)[0])


def test_two_fields_of_one_key_and_attributes_need_the_whole_event() -> None:
    both = FlatSettings.model_validate({"fields": {"computer": "src", "user": "src"}})

    assert CefFormat(both, Context(name="ips")).decoder(Projection(["computer"])) is None
    assert CefFormat(FlatSettings(), Context(name="ips")).decoder(Projection(["Profile Name"])) is None
