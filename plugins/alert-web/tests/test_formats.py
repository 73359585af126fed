"""What the senders of webhooks write, by the examples of their documentation, and what is understood of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from alert_core import Context, Event, Format, Notification
from alert_core.plugins import Plugins
from alert_web.formats import AlertmanagerFormat, FalcoFormat, NotificationFormat, WebhookSettings

ALERT = {
    "receiver": "alert", "groupKey": '{}:{alertname="InstanceDown"}', "externalURL": "http://am-1.example.com:9093",
    "status": "firing",
    "labels": {
        "alertname": "InstanceDown", "instance": "db-1.example.com:9100", "job": "node", "severity": "page", "cluster": "eu",
    },
    "annotations": {"description": "db-1 of job node has been down for more than 5 minutes.", "summary": "db-1 down"},
    "startsAt": "2026-03-14T15:09:26.535897932Z", "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1", "fingerprint": "a5c2b7e2c0ffee00",
}  # fmt: skip

FALCO = {
    "hostname": "node-3", "uuid": "5b7c5a3e-6a4b-4b7e-8f41-0a1b2c3d4e5f",
    "output": "15:09:26.535897932: Error File below a known binary directory opened for writing (user=root "
    "command=touch /bin/hack file=/bin/hack)",
    "priority": "Error", "rule": "Write below binary dir", "source": "syscall",
    "tags": ["filesystem", "mitre_persistence"], "time": "2026-03-14T15:09:26.535897932Z",
    "output_fields": {
        "evt.time": 1507591916376961000, "fd.name": "/bin/hack", "proc.cmdline": "touch /bin/hack", "proc.name": "touch",
        "user.name": "root", "k8s.ns.name": "shop", "container.id": None,
    },
}  # fmt: skip


def made(cls: type[Format[Any]], **settings: Any) -> Format[Any]:
    return cls(WebhookSettings.model_validate(settings), Context(name="x"))


def decoded(cls: type[Format[Any]], record: Any, **settings: Any) -> Event:
    raw = record if isinstance(record, bytes) else json.dumps(record).encode()
    (event,) = made(cls, **settings).decode([raw])
    return event


def fields(event: Event) -> dict[str, Any]:
    """What is not empty, but for the record itself."""
    found: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in found.items() if name not in ("raw", "attributes")}


def test_alert_that_fires() -> None:
    event = decoded(AlertmanagerFormat, ALERT)

    assert fields(event) == {
        "time": "2026-03-14T15:09:26.535897Z", "type": "alert-firing", "computer": "db-1.example.com", "severity": "critical",
        "id": "a5c2b7e2c0ffee00/firing/2026-03-14T15:09:26.535897932Z", "group": "eu", "server": "am-1.example.com",
        "risk": "InstanceDown", "application": "node", "action": "firing", "message": "db-1 down",
    }  # fmt: skip
    assert event.attributes == ALERT


def test_alert_that_is_resolved_has_the_time_at_which_it_was() -> None:
    event = decoded(AlertmanagerFormat, {**ALERT, "status": "resolved", "endsAt": "2026-03-14T16:00:00+01:00"})

    assert (event.type, event.time) == ("alert-resolved", datetime(2026, 3, 14, 15, tzinfo=UTC))
    assert event.id == "a5c2b7e2c0ffee00/resolved/2026-03-14T15:09:26.535897932Z"


@pytest.mark.parametrize(
    ("instance", "computer"),
    [
        ("db-1:9100", "db-1"),
        ("192.0.2.1:9100", "192.0.2.1"),
        ("[2001:db8::1]:9100", "2001:db8::1"),
        ("https://shop.example.com/login", "shop.example.com"),
        ("db-1", "db-1"),
        ("http://[", "http://["),
    ],
)
def test_instance_is_a_computer_without_its_port(instance: str, computer: str) -> None:
    assert decoded(AlertmanagerFormat, {**ALERT, "labels": {"instance": instance}}).computer == computer


def test_falco_says_what_a_program_did() -> None:
    event = decoded(FalcoFormat, FALCO)

    assert fields(event) == {
        "time": "2026-03-14T15:09:26.535897Z", "type": "falco", "computer": "node-3", "severity": "major", "group": "shop",
        "user": "root", "risk": "Write below binary dir", "application": "touch", "message": FALCO["output"],
    }  # fmt: skip
    assert event.attributes == FALCO


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("Emergency", "critical"), ("Alert", "critical"), ("Critical", "critical"), ("Error", "major"), ("Warning", "minor"),
        ("Notice", "low"), ("Informational", "information"), ("Debug", "information"), ("Odd", "Odd"),
    ],
)  # fmt: skip
def test_priorities_of_falco(priority: str, severity: str) -> None:
    assert decoded(FalcoFormat, {**FALCO, "priority": priority}).severity == severity


def test_falco_says_who_spoke_to_whom() -> None:
    connection = {"fd.cip": "192.0.2.1", "fd.cport": 4711, "fd.sip": "203.0.113.1", "fd.sport": 99999, "fd.l4proto": "tcp"}

    event = decoded(FalcoFormat, {**FALCO, "output_fields": connection})

    assert (event.source_address, event.source_port) == ("192.0.2.1", 4711)
    assert (event.destination_address, event.destination_port, event.protocol) == ("203.0.113.1", None, "tcp")


def test_notification_of_another_installation() -> None:
    about = Event(
        time=datetime(2026, 3, 14, tzinfo=UTC), type="risk", id="x:1", source="file", computer="pc-1", user="ann",
        severity="minor", source_address="192.0.2.1", source_port=4711, risk="EICAR", count=7,
    )  # fmt: skip
    sample = msgspec.structs.replace(Notification.sample(), kind="fired", condition="outbreak", event=about)

    event = decoded(NotificationFormat, msgspec.json.encode(sample))

    assert fields(event) == {
        "time": msgspec.to_builtins(sample.time), "type": "notification", "id": sample.id, "computer": "pc-1", "user": "ann",
        "severity": "information", "risk": "EICAR", "source_address": "192.0.2.1", "source_port": 4711,
        "message": "TEST: alert can reach you",
    }  # fmt: skip
    assert event.get("event.type") == "risk"
    assert event.get("condition") == "outbreak"


@pytest.mark.parametrize("kind", ["closed", "test"])
def test_notification_that_is_no_news_has_a_type_of_its_own(kind: str) -> None:
    sample = msgspec.structs.replace(Notification.sample(), kind=kind)

    assert decoded(NotificationFormat, msgspec.json.encode(sample)).type == f"notification-{kind}"


@pytest.mark.parametrize(
    ("cls", "record", "reason"),
    [
        (AlertmanagerFormat, {"alerts": []}, "a whole group of alerts; only the source web takes it apart"),
        (AlertmanagerFormat, {**ALERT, "status": "x"}, "an alert is either firing or resolved"),
        (AlertmanagerFormat, {**ALERT, "startsAt": "noon"}, "unreadable time 'noon'"),
        (FalcoFormat, {"output": "x"}, "no rule"),
        (FalcoFormat, b"{", "not JSON: Input data was truncated"),
        (FalcoFormat, b"[]", "not a JSON object"),
        (NotificationFormat, {"kind": "fired"}, "a notification has a kind and an event"),
    ],
)
def test_what_is_something_else_is_kept_with_the_reason(cls: type[Format[Any]], record: Any, reason: str) -> None:
    event = decoded(cls, record)

    assert (event.type, event.attributes) == ("unparsed", {"reason": reason})


def test_fields_may_be_mapped_otherwise() -> None:
    mapped = {"computer": ["labels.nothing", "labels.cluster"], "user": "generatorURL"}

    event = decoded(AlertmanagerFormat, ALERT, fields=mapped)

    assert (event.computer, event.user) == ("eu", ALERT["generatorURL"])


@pytest.mark.parametrize("name", ["id", "time", "colour"])
def test_what_is_no_field_cannot_be_mapped(name: str) -> None:
    with pytest.raises(ValidationError, match=f"'{name}' is no field that can be mapped here"):
        WebhookSettings.model_validate({"fields": {name: "x"}})


@pytest.mark.parametrize(
    ("record", "name"),
    [(ALERT, "alertmanager"), (FALCO, "falco"), (msgspec.to_builtins(Notification.sample()), "notification")],
)
def test_auto_tells_them(record: Any, name: str, tmp_path: Path) -> None:
    formats = Plugins.load().formats
    auto = formats["auto"](formats["auto"].settings_model(), Context(name="x", formats=formats))

    (event,) = auto.decode([json.dumps(record).encode()])

    assert event.attributes["format"] == name
