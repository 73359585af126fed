"""What alert writes, it reads back exactly: records field by field, and whole events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin._flat import FlatSettings
from alert_core.builtin.auto import AutoFormat, AutoSettings
from alert_core.builtin.cef import CefFormat
from alert_core.builtin.json import JsonFormat, JsonSettings
from alert_core.builtin.leef import LeefFormat
from alert_core.builtin.syslog import SyslogFormat, SyslogSettings
from alert_core.components import Context, Format
from alert_core.wire import cef, leef, read_cef, read_leef, rfc5424
from alert_core.wire.own import event_as_cef, event_as_leef, event_as_syslog
from alert_core.wire.stamps import StampReader
from alert_core.wire.syslog import SyslogReader

pytestmark = pytest.mark.once

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.]{0,8}", fullmatch=True)
PAIRS = st.dictionaries(NAMES, TEXT, max_size=6)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))
VALUES = st.one_of(TEXT, st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.lists(TEXT, max_size=2))
PORTS = st.one_of(st.none(), st.integers(0, 65535))
EVENTS = st.builds(
    Event,
    time=TIMES,
    type=TEXT,
    id=TEXT,
    computer=TEXT,
    count=st.integers(1, 2**31),
    severity=st.one_of(TEXT, st.integers(0, 100), st.sampled_from(["critical", "low"])),
    group=TEXT,
    domain=TEXT,
    server=TEXT,
    user=TEXT,
    risk=TEXT,
    application=TEXT,
    action=TEXT,
    source_address=st.one_of(TEXT, st.just("2001:db8::1"), st.just("192.0.2.1")),
    destination_address=TEXT,
    source_port=PORTS,
    destination_port=PORTS,
    protocol=TEXT,
    message=TEXT,
    attributes=st.dictionaries(TEXT, VALUES, max_size=3),
    flags=st.one_of(st.just(()), st.just(("future",))),
)
CONTEXT = Context(name="back")


def read(log: Format[Any], line: str) -> Event:
    (event,) = log.decode([line.encode()])
    assert event.raw == line
    return msgspec.structs.replace(event, raw="")


@given(PAIRS, st.lists(TEXT, min_size=6, max_size=6), st.sampled_from([0, 1]))
def test_cef_record_is_read_as_it_was_written(pairs: dict[str, str], header: list[str], version: int) -> None:
    names = ("vendor", "product", "product_version", "signature", "name", "severity")
    record = cef.Record(extension=tuple(pairs.items()), version=version, **dict(zip(names, header, strict=True)))

    assert read_cef.parse(cef.render(record)) == record


@given(PAIRS, st.lists(TEXT, min_size=4, max_size=4), st.sampled_from("^;~\x09x"))
def test_leef_record_is_read_as_it_was_written(pairs: dict[str, str], header: list[str], delimiter: str) -> None:
    names = ("vendor", "product", "product_version", "event_id")
    record = leef.Record(
        attributes=tuple(pairs.items()),
        delimiter="^" if delimiter in "x\t" else delimiter,
        **dict(zip(names, header, strict=True)),
    )

    assert read_leef.parse(leef.render(record)) == record


@given(
    st.integers(0, 23),
    st.integers(0, 7),
    st.one_of(st.none(), TIMES),
    st.lists(st.from_regex(r"[!-~]{1,20}", fullmatch=True).filter(lambda name: name != "-"), min_size=4, max_size=4),
    st.lists(st.tuples(NAMES, st.lists(st.tuples(NAMES, TEXT), max_size=3)), max_size=3),
    TEXT.filter(lambda text: text == text.rstrip("\0\r\n") and not text.startswith("\ufeff")),
)
def test_rfc_5424_message_is_read_as_it_was_written(
    facility: int, severity: int, time: datetime | None, header: list[str], data: list[Any], text: str
) -> None:
    host, app, process, kind = header
    elements = tuple(rfc5424.Element(name, tuple(pairs)) for name, pairs in data)
    message = rfc5424.Message(
        facility=facility,
        severity=severity,
        time=time,
        host=host,
        app=app,
        process=process,
        kind=kind,
        data=elements,
        text=text,
    )

    received = SyslogReader(StampReader()).read(rfc5424.render(message))

    assert received.priority == facility * 8 + severity
    assert (received.time, received.host, received.app, received.process, received.kind) == (time, host, app, process, kind)
    assert received.data == data
    assert received.text == text


@given(EVENTS)
@settings(deadline=None)
def test_event_is_read_as_it_was_written(event: Event) -> None:
    assert read(CefFormat(FlatSettings(), CONTEXT), event_as_cef(event)) == event
    assert read(CefFormat(FlatSettings(), CONTEXT), event_as_cef(event, version=1)) == event
    assert read(LeefFormat(FlatSettings(), CONTEXT), event_as_leef(event)) == event
    assert read(SyslogFormat(SyslogSettings(), CONTEXT), event_as_syslog(event)) == event


def as_json(event: Event) -> str:
    fields = msgspec.to_builtins(event)
    attributes = fields.pop("attributes", {})
    return msgspec.json.encode({**attributes, **fields}).decode()


@given(EVENTS.map(lambda event: msgspec.structs.replace(event, id="", flags=())))
def test_event_is_read_as_it_was_written_in_json(event: Event) -> None:
    known = set(Event.__struct_fields__)
    plain = msgspec.structs.replace(
        event, attributes={name: value for name, value in event.attributes.items() if name not in known}
    )

    assert read(JsonFormat(JsonSettings(), CONTEXT), as_json(plain)) == plain


@given(EVENTS)
@settings(deadline=None)
def test_written_event_is_recognised(event: Event) -> None:
    auto = AutoFormat(AutoSettings(), CONTEXT)

    formats = [
        auto.decode([line.encode()])[0].attributes["format"]
        for line in (event_as_cef(event), event_as_leef(event), event_as_syslog(event), as_json(event))
    ]

    assert formats == ["cef", "leef", "syslog", "json"]


@given(st.dictionaries(NAMES, st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "replace")), max_size=5))
def test_record_that_claims_to_be_ours_and_is_not_is_still_one_event(pairs: dict[str, str]) -> None:
    line = cef.render(
        cef.Record(
            vendor="alert", product="alert", product_version="1", signature="x", name="x", severity="5",
            extension=tuple({**pairs, "alertAttributes": "{", "rt": "soon"}.items()),
        )
    )  # fmt: skip

    (event,) = CefFormat(FlatSettings(), CONTEXT).decode([line.encode()])

    assert event.raw == line


@settings(deadline=None, max_examples=1000)
@given(
    st.sampled_from(["", "<34>", "<0>", "<191>"]),
    st.sampled_from(["Oct 11 22:14:15", "Feb  3 04:05:06", "Feb 30 04:05:06", "Okt 11 22:14:15"]),
    st.sampled_from(["", "box", "10.0.0.1", "fe80::1%eth0", "fe80::", "b\u00fcro", "h" * 255, "h" * 256, "CEF:0|a", "CETX"]),
    st.sampled_from(
        [
            "",
            "su:",
            "sshd[24]:",
            "sshd[24]:x",
            "[a]:",
            "a b:",
            "a" * 65 + ":",
            "\u00fc[]:",
            "\xa0x:",
            "CEF:0|a",
            "CEF: 0",
            "LEEF:1.0|",
        ]
    ),
    st.text(st.sampled_from(" :[]a\n\u00fc\0")),
)
def test_usual_form_is_read_at_once_as_it_is_in_steps(priority: str, stamp: str, host: str, tag: str, text: str) -> None:
    reader, rest = SyslogReader(StampReader(year=2026)), " ".join(filter(None, (host, tag, text))).lstrip()

    # Two blanks before the host are not the usual form, but mean the same.
    assert reader.read(f"{priority}{stamp} {rest}") == reader.read(f"{priority}{stamp}  {rest}")


def test_blank_between_priority_and_time_is_no_part_of_the_message() -> None:
    received = SyslogReader(StampReader(year=2026)).read("<34> Oct 11 22:14:15 box su[42]: failed")

    assert (received.host, received.app, received.process, received.text) == ("box", "su", "42", "failed")
