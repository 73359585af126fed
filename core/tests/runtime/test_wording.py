"""The words of a notification, and what events and templates cannot do to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alert_core import Event, Firing, Message, Severity
from alert_core.builtin.threshold import ThresholdCondition, ThresholdSettings
from alert_core.config import ConditionConfig
from alert_core.runtime.wording import Wording

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONFIG = ConditionConfig(
    name="logins",
    type="threshold",
    cls=ThresholdCondition,
    settings=ThresholdSettings(per="single-computer"),
    revision="a" * 12,
)
EVENT = Event(time=NOON, type="auth-failure", id="log:abc:7", computer="pc-1", user="root", attributes={"tty": "ssh"})
FIRING = Firing(key="pc-1", time=NOON, event=EVENT, condition="logins", quantity=5, since=NOON, suppressed=2)
HOSTILE = "a\r\nBcc: all@example.net\x1b[2J\x00\u202egnp.exe\u2028\x9b31m" + "x" * 1000


def worded(firing: Firing = FIRING, **config: Any) -> Any:
    return Wording(replace(CONFIG, **config)).notification(firing)


def test_the_type_has_words_of_its_own() -> None:
    notification = worded()

    assert notification.subject == "logins: 5 x events on pc-1 within 1 minute"
    assert notification.body.startswith("5 x events on pc-1 within 1 minute.\n")
    assert "Suppressed:    2 more since the last notification\n" in notification.body
    assert notification.fault == ""


def test_templates_replace_the_words_of_the_type() -> None:
    notification = worded(
        subject="{{ computer }}: {{ quantity }} by {{ event.user }} at {{ time.isoformat() }}",
        body="{{ attributes.tty }} {{ key }} {{ condition }} {{ suppressed }}\n",
    )

    assert notification.subject == "pc-1: 5 by root at 2026-03-01T12:00:00+00:00"
    assert notification.body == "ssh pc-1 logins 2\n"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ nobody }}", "subject template: UndefinedError: 'nobody' is undefined"),
        ("{{ 1 / 0 }}", "subject template: ZeroDivisionError: division by zero"),
        ("{% if %}", "subject template: TemplateSyntaxError: Expected an expression, got 'end of statement block'"),
        ("{{ event.__class__.__mro__ }}", "subject template: SecurityError: access to attribute '__class__' of 'Event' object"),
    ],
)
def test_a_template_that_fails_costs_nobody_the_notification(template: str, fault: str) -> None:
    notification = worded(subject=template, body="the body stays")

    assert notification.subject == "logins: 5 x events on pc-1 within 1 minute"
    assert notification.body == "the body stays"
    assert notification.fault.startswith(fault)


def test_a_type_whose_words_fail_costs_nobody_the_notification() -> None:
    class Broken(ThresholdCondition):
        """Broken."""

        name = "broken"

        def message(self, firing: Firing) -> Message:
            raise RuntimeError("a bug")

    notification = worded(cls=Broken, type="broken")

    assert (notification.subject, notification.body) == ("logins", "pc-1\n")
    assert notification.fault == "message of 'broken': RuntimeError"


def test_hostile_text_stays_one_line_and_steers_nothing() -> None:
    event = Event(time=NOON, type="auth-failure", id="1", computer=HOSTILE, message=HOSTILE)

    notification = worded(Firing(key=HOSTILE, time=NOON, event=event), subject="on {{ computer }}")

    assert notification.subject.startswith("on a Bcc: all@example.net [2J gnp.exe 31mxxx")
    assert len(notification.subject) == 250
    assert notification.subject.isprintable()
    assert all(character.isprintable() or character == "\n" for character in notification.body)


def test_a_huge_body_is_cut() -> None:
    event = Event(time=NOON, type="x", id="1", raw="y" * 1_000_000)

    assert len(worded(Firing(key="", time=NOON, event=event)).body) == 64 * 1024


@pytest.mark.parametrize(
    ("configured", "of_event", "expected"),
    [
        (Severity.LOW, "critical", Severity.LOW),
        (None, "Critical", Severity.CRITICAL),
        (None, "7", Severity.MAJOR),
        (None, 3, Severity.MAJOR),
        (None, "", Severity.MAJOR),
    ],
)
def test_severity_is_the_configured_one_else_that_of_the_event(
    configured: Severity | None, of_event: str | int, expected: Severity
) -> None:
    event = Event(time=NOON, type="x", id="1", severity=of_event)

    assert worded(Firing(key="", time=NOON, event=event), severity=configured).severity is expected


def test_the_id_depends_on_what_fired_and_on_nothing_else() -> None:
    base = worded().id

    assert worded(Firing(key="pc-1", time=NOON, event=EVENT, quantity=9)).id == base
    assert worded(Firing(key="pc-2", time=NOON, event=EVENT)).id != base
    assert worded(Firing(key="pc-1", time=NOON, event=EVENT, kind="closed")).id != base
    assert worded(revision="b" * 12).id != base
    assert worded(name="other").id != base
