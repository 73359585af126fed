"""What is written on the wire, to the letter of each standard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_core import Event
from alert_core.wire import cef, event_texts, leef, restored, rfc5424, visible

TIME = datetime(2026, 3, 1, 7, 28, 3, 250_000, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(codec=None), max_size=40) | st.text("\n\r\t\x00\x7f\x85␊␡␦{}240a^|\\=", max_size=20)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C:\\new\\x1b", "C:\\new\\x1b"),
        ("a\nb\r\tc\x00", "a␊b␍␉c␀"),
        ("\x7f\x85\u2028", "␡␦{85}␦{2028}"),
        ("␊ ␦{41}", "␦{240a} ␦{2426}{41}"),
        ("\ud800", "␦{d800}"),
        ("שלום e\u0301 \u200d", "שלום e\u0301 \u200d"),
    ],
)
def test_control_characters_are_shown_and_all_other_text_stays(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT, st.sampled_from(["", "^", "|", ";"]), st.booleans())
def test_what_was_shown_can_be_restored(text: str, also: str, keep: bool) -> None:
    shown = visible(text, also=also, keep_line_feeds=keep)

    assert restored(shown) == text
    assert not also or also not in shown
    assert not any(character < " " and (character != "\n" or not keep) for character in shown)


def test_cef_escapes_the_header_and_values_each_in_its_way() -> None:
    record = cef.Record(
        vendor="a|b", product="c\\d", product_version="1=2", signature="x\ny", name="n", severity="3",
        extension=(("msg", "a|b=c\\d\r\ne\x1b"), ("cs1", "")), version=1,
    )  # fmt: skip

    assert cef.render(record) == "CEF:1|a\\|b|c\\\\d|1=2|x␊y|n|3|msg=a|b\\=c\\\\d\\r\\ne␛ cs1="


def test_leef_keeps_bars_out_of_its_header_and_the_delimiter_out_of_values() -> None:
    record = leef.Record(
        vendor="a|b", product="c", product_version="1", event_id="x^y", attributes=(("k", "a^b=c|d\n"), ("l", "\\n"))
    )  # fmt: skip

    assert leef.render(record) == "LEEF:2.0|a␦{7c}b|c|1|x^y|^|k=a␦{5e}b=c|d␊^l=\\n"


def test_rfc_5424_message_with_everything() -> None:
    message = rfc5424.Message(
        facility=4, severity=2, time=TIME.astimezone(timezone(timedelta(hours=2))), host="h", app="a", process="7", kind="k",
        data=(rfc5424.Element("x@1", (("a", '"q" \\ ]'), ("b", ""))), rfc5424.Element("empty@1")), text="grüße",
    )  # fmt: skip

    expected = '<34>1 2026-03-01T07:28:03.250000Z h a 7 k [x@1 a="\\"q\\" \\\\ \\]" b=""][empty@1] \ufeffgrüße'
    assert rfc5424.render(message) == expected


def test_rfc_5424_message_with_nothing() -> None:
    assert rfc5424.render(rfc5424.Message(facility=0, severity=7, time=None)) == "<7>1 - - - - - -"


def test_names_in_the_header_are_printable_ascii_of_limited_length() -> None:
    message = rfc5424.Message(facility=1, severity=1, time=TIME, host="bü ro" * 99, app="a b\n", kind="k" * 33)

    head = rfc5424.render(message).split(" ")

    assert head[2:6] == [("b__ro" * 51), "a_b_", "-", "k" * 32]


def test_every_field_of_an_event_has_a_key_of_its_own() -> None:
    fields = set(Event.__struct_fields__) - {"time"}

    assert set(cef.KEYS) == set(leef.KEYS) == fields
    assert len(set(cef.KEYS.values())) == len(set(leef.KEYS.values())) == len(fields)


def test_numbers_and_lists_of_an_event_are_told_from_texts() -> None:
    event = Event(time=TIME, type="t", severity="5", count=5, flags=("future",), attributes={"a": 1}, source_port=0)

    expected = {
        "type": "t",
        "count": "5",
        "severity": '"5"',
        "source_port": "0",
        "flags": '["future"]',
        "attributes": '{"a":1}',
    }
    assert event_texts(event) == expected


def test_time_beyond_milliseconds_is_kept_beside_the_standard_one() -> None:
    whole, fine = Event(time=TIME, type="t"), Event(time=TIME.replace(microsecond=250_001), type="t")

    assert cef.event_pairs(whole) == {"rt": "1772350083250", "cat": "t"}
    assert leef.event_pairs(fine) == {"devTime": "1772350083250", "alertTime": "2026-03-01T07:28:03.250001+00:00", "cat": "t"}


def test_cef_0_puts_ipv6_where_it_belongs() -> None:
    event = Event(time=TIME, type="t", source_address="::1", destination_address="192.0.2.1")

    assert {"c6a2": "::1", "c6a2Label": "Source IPv6 Address", "dst": "192.0.2.1"}.items() <= cef.event_pairs(event).items()
    assert {"src": "::1", "dst": "192.0.2.1"}.items() <= cef.event_pairs(event, version=1).items()


def test_times_before_1970_are_milliseconds_as_well() -> None:
    assert cef.milliseconds(datetime(1969, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC)) == "-1"
