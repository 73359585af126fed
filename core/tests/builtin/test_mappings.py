"""What the ready mappings make of records as the documentation of each schema has them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from alert_core import Event
from alert_core.builtin.json import JsonFormat, JsonSettings
from alert_core.builtin.mappings import EcsFormat, EveFormat, OcsfFormat
from alert_core.components import Batch, Context, Cursor
from alert_core.projection import Projection
from alert_core.runtime.intake import Intake


def decoded(cls: type[JsonFormat], record: Any, **options: Any) -> Event:
    (event,) = cls(JsonSettings.model_validate(options), Context(name="log")).decode([json.dumps(record).encode()])
    return event


EVE = {
    "timestamp": "2017-04-07T22:24:37.251547+0100", "flow_id": 586497171462735, "event_type": "alert", "src_ip": "192.0.2.14",
    "src_port": 50096, "dest_ip": "198.51.100.5", "dest_port": 80, "proto": "TCP", "host": "sensor-1",
    "alert": {
        "action": "allowed", "gid": 1, "signature_id": 2018358, "signature": "ET HUNTING suspicious POST",
        "category": "Potentially Bad Traffic", "severity": 2,
    },
    "app_proto": "http",
}  # fmt: skip

ECS = {
    "@timestamp": "2026-03-01T12:00:00.000Z", "ecs": {"version": "8.11.0"}, "message": "Failed password for bob",
    "event": {"dataset": "system.auth", "action": "ssh_login", "outcome": "failure", "category": ["authentication"]},
    "host": {"name": "web-1", "ip": ["192.0.2.10"]}, "user": {"name": "bob"}, "source": {"ip": "203.0.113.9", "port": 4711},
    "log": {"level": "WARNING"}, "server": {"ip": "192.0.2.10"}, "process": {"name": "sshd"},
}  # fmt: skip

OCSF = {
    "class_uid": 3002, "category_uid": 3, "activity_name": "Logon", "time": 1772366400000, "severity_id": 4, "count": 5,
    "metadata": {"version": "1.3.0", "product": {"name": "IdP"}}, "user": {"name": "bob", "domain": "corp"},
    "src_endpoint": {"ip": "203.0.113.9", "port": 4711}, "dst_endpoint": {"hostname": "web-1", "ip": "192.0.2.10"},
    "status": "Failure", "message": "log-on failed",
}  # fmt: skip


def test_eve_alert() -> None:
    event = decoded(EveFormat, EVE)

    assert event.time == datetime(2017, 4, 7, 21, 24, 37, 251547, tzinfo=UTC)
    assert (event.type, event.risk, event.severity, event.action) == ("alert", "ET HUNTING suspicious POST", "minor", "allowed")
    assert (event.source_address, event.source_port, event.destination_address, event.destination_port) == (
        "192.0.2.14", 50096, "198.51.100.5", 80,
    )  # fmt: skip
    assert (event.computer, event.server, event.application, event.protocol) == ("198.51.100.5", "sensor-1", "http", "TCP")
    assert event.get("alert.signature_id") == 2018358


def test_eve_rule_may_say_who_the_target_is_and_other_records_have_no_alert() -> None:
    target = decoded(EveFormat, {**EVE, "alert": {**EVE["alert"], "target": {"ip": "192.0.2.14"}}})  # type: ignore[dict-item]
    flow = decoded(EveFormat, {"timestamp": "2017-04-07T22:24:37+0000", "event_type": "dns", "dns": {"rrname": "example.org"}})

    assert target.computer == "192.0.2.14"
    assert (flow.type, flow.severity, flow.message) == ("dns", "", "example.org")


def test_ecs_event_nested_and_with_dotted_keys() -> None:
    dotted = {
        "@timestamp": "2026-03-01T12:00:00.000Z", "event.dataset": "system.auth", "host.name": "web-1", "user.name": "bob",
        "log.level": "warning", "source.ip": "203.0.113.9",
    }  # fmt: skip

    nested, flat = decoded(EcsFormat, ECS), decoded(EcsFormat, dotted)

    for event in (nested, flat):
        assert event.time == datetime(2026, 3, 1, 12, tzinfo=UTC)
        assert (event.type, event.computer, event.user, event.severity) == ("system.auth", "web-1", "bob", "minor")
        assert event.source_address == "203.0.113.9"
    assert (nested.server, nested.application, nested.action) == ("", "sshd", "ssh_login")
    assert nested.get("event.outcome") == "failure"
    assert nested.attributes["server"] == {"ip": "192.0.2.10"}


def test_ocsf_event() -> None:
    event = decoded(OcsfFormat, OCSF)
    unknown = decoded(OcsfFormat, {"class_uid": 9999, "time": 0, "severity_id": 99})

    assert event.time == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert (event.type, event.severity, event.count, event.action) == ("Authentication", "major", 5, "Logon")
    assert (event.computer, event.user, event.domain, event.source_port) == ("web-1", "bob", "corp", 4711)
    assert (unknown.type, unknown.severity) == ("9999", "")


def test_settings_add_to_the_mapping_and_go_before_it() -> None:
    event = decoded(
        EveFormat, EVE, fields={"computer": "src_ip", "group": ["missing", "host"]}, values={"severity": {"2": "critical"}}
    )

    assert (event.computer, event.group, event.severity) == ("192.0.2.14", "sensor-1", "critical")


def test_json_takes_the_first_key_that_leads_to_something_also_inside_lists() -> None:
    event = decoded(
        JsonFormat,
        {"time": 0, "a": "", "b": [{"c": "found"}], "level": "WARN"},
        fields={"user": ["a", "b.7.c", "b.x", "b.0.c"], "severity": "level"},
        values={"severity": {"Warn": "minor"}},
    )

    assert (event.user, event.severity) == ("found", "minor")


WANTED = ("computer", "severity", "user", "source_address", "source_port", "risk", "message", "group")
OPTIONS = {"fields": {"group": ["a", "b.0.c"]}, "values": {"severity": {"1": "low"}}}


@pytest.mark.parametrize("cls", [EveFormat, EcsFormat, OcsfFormat, JsonFormat])
def test_fast_way_says_the_same_as_the_whole_event(cls: type[JsonFormat]) -> None:
    log = cls(JsonSettings.model_validate(OPTIONS), Context(name="log"))
    whole = {**OCSF, **EVE, **ECS, "level": "1"}
    records = [
        whole,
        {
            **whole,
            "timestamp": "2026-03-01 12:00:00",
            "@timestamp": 1772366400000,
            "time": "1772366400",
            "alert": {},
            "user": 7,
        },
        {**whole, "count": "3", "message": None, "severity_id": "x", "source.port": "70", "src_port": "https", "host": "h"},
        {**whole, "count": 10**12},
        {"time": None, "severity": [1]},
    ]
    projection, start = Projection(WANTED), Cursor("file", 0)
    fast, slow = Intake("log", log, projection), Intake("log", log, projection)
    slow._decode = None

    for record in records:
        batch = Batch(json.dumps(record).encode() + b"\n", start, start)

        assert list(fast.take(batch)[0]) == list(slow.take(batch)[0])
    assert fast._decode is not None


def test_attributes_need_the_whole_record() -> None:
    log = EveFormat(JsonSettings(), Context(name="log"))

    assert log.decoder(Projection(["alert.category"])) is None
    assert log.decoder(Projection(["computer"])) is not None
