"""How the format `auto` tells formats apart, and that it says which it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_core import Event, Format, Settings
from alert_core.builtin.auto import AutoFormat, AutoSettings
from alert_core.components import Context
from alert_core.plugins import Plugins

FORMATS = Plugins.load(only=()).formats


def decoded(record: str | bytes, formats: dict[str, Any] | None = None, **options: Any) -> Event:
    context = Context(name="any", formats={**FORMATS, **(formats or {})})
    settings = AutoSettings.model_validate({"year": 2026, **options})
    (event,) = AutoFormat(settings, context).decode([record if isinstance(record, bytes) else record.encode()])
    return event


@pytest.mark.parametrize(
    ("record", "named", "type"),
    [
        ("CEF:0|v|p|1|100|n|3|act=x", "cef", "100"),
        ("<134>CEF:0|v|p|1|100|n|3|act=x", "cef", "100"),
        ("<134>Jan 31 06:55:46 fw CEF:0|v|p|1|100|n|3|act=x", "syslog/cef", "100"),
        ("<134>1 2026-01-31T06:55:46Z fw prog - - - CEF:0|v|p|1|100|n|3|act=x", "syslog/cef", "100"),
        ("LEEF:1.0|v|p|1|id|a=b", "leef", "id"),
        ("Jan 31 06:55:46 fw LEEF:1.0|v|p|1|id|a=b", "syslog/leef", "id"),
        ('{"timestamp": "2026-01-31T06:55:46+0000", "event_type": "alert"}', "eve", "alert"),
        ('{"class_uid": 3002, "time": 0, "metadata": {}}', "ocsf", "Authentication"),
        ('{"@timestamp": "2026-01-31T06:55:46Z", "ecs": {"version": "8"}, "event": {"kind": "alert"}}', "ecs", "alert"),
        ('{"ts": 1769842546, "type": "x"}', "json", "x"),
        ('<13>Jan 31 06:55:46 box app: {"ts": 1769842546, "type": "x"}', "syslog/json", "x"),
        ("Jan 31 06:55:46 box sshd[8]: Failed password for root from 203.0.113.5 port 1 ssh2", "sshd", "auth-failure"),
        ("Jan 31 06:55:46 fw kernel: x IN=a OUT= SRC=192.0.2.1 DST=192.0.2.2 PROTO=UDP SPT=1 DPT=2", "netfilter", "firewall"),
        ("<13>Jan 31 06:55:46 box app: text", "syslog", "log"),
        ("2026-01-31T06:55:46.250+01:00 box app[8]: text", "syslog", "log"),
        ("\ufeff \0<13>Jan 31 06:55:46 box app: text", "syslog", "log"),
    ],
)
def test_format_is_recognised_and_named(record: str, named: str, type: str) -> None:
    event = decoded(record)

    assert (event.attributes["format"], event.type, event.raw) == (named, type, record)


@pytest.mark.parametrize("record", ["", "a,b,c", "some text", "2026-01-31,x"])
def test_what_nobody_recognises_is_kept_with_the_reason(record: str) -> None:
    event = decoded(record)

    assert (event.type, event.raw, event.attributes["reason"]) == ("unparsed", record, "no installed format recognises it")


def test_only_the_named_formats_are_considered() -> None:
    record = '{"timestamp": "2026-01-31T06:55:46+0000", "event_type": "alert"}'

    assert decoded(record, formats=None).attributes["format"] == "eve"
    assert (
        AutoFormat(AutoSettings(formats=("json",)), Context(name="any")).decode([record.encode()])[0].attributes["format"]
        == "json"
    )


class VendorFormat(Format[Settings]):
    """A plugin's format."""

    name = "vendor"
    label = "Vendor"
    settings_model = Settings

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        from datetime import UTC, datetime

        return [Event(time=datetime(2026, 1, 1, tzinfo=UTC), type="vendor", raw=record.decode()) for record in records]

    @classmethod
    def recognises(cls, text: str) -> bool:
        return text.startswith("VENDOR") or ": VENDOR" in text


def test_format_of_a_plugin_is_asked_first() -> None:
    plain = decoded("VENDOR x", {"vendor": VendorFormat})
    headed = decoded("<13>Jan 31 06:55:46 box app: VENDOR x", {"vendor": VendorFormat})

    assert (plain.attributes["format"], headed.attributes["format"]) == ("vendor", "vendor")


def test_assumed_zone_holds_for_every_format() -> None:
    zoned = [
        decoded(record, timezone="+02:00").time.hour
        for record in ("Jan 31 06:55:46 box app: x", "<13>Jan 31 06:55:46 fw CEF:0|v|p|1|1|n|3|rt=Jan 31 06:55:46")
    ]

    assert zoned == [4, 4]


def test_headers_in_headers_come_to_an_end() -> None:
    event = decoded("<13>Jan 31 06:55:46 box app: " * 2000)

    assert event.attributes["format"] == "syslog"


@given(
    st.one_of(st.binary(), st.text().map(str.encode), st.text().map(lambda text: f"<13>Jan 31 06:55:46 h a: {text}".encode()))
)
def test_any_bytes_are_one_event(record: bytes) -> None:
    event = decoded(record)

    assert event.raw == record.decode("utf-8", "replace")
