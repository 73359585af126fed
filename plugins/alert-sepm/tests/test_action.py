"""External notifications posted into a manager over HTTPS."""

from __future__ import annotations

import unicodedata
from typing import Any

import msgspec
import pytest

from alert_core import Context, DeliveryError, Event, Notification
from alert_core.testing.hostile import amount, notifications
from alert_sepm import SepmAction, SepmActionSettings
from alert_sepm.testing import LocalManager

LINK = "https://alert.example.com/log/{{ id }}"


def made(manager: LocalManager, **settings: Any) -> SepmAction:
    values = {**manager.settings, "hyperlink": LINK, **settings}
    return SepmAction(SepmActionSettings.model_validate(values), Context(name="sepm"))


def sent(manager: LocalManager, notification: Notification, **settings: Any) -> tuple[dict[str, str], str]:
    action = made(manager, **settings)
    try:
        receipt = action.send(notification)
    finally:
        action.close()
    return manager.posted[-1], receipt.detail


def sample(**changes: Any) -> Notification:
    return msgspec.structs.replace(Notification.sample(), **changes)


def test_notification_has_the_four_fields_of_the_manager(manager: LocalManager) -> None:
    notification = sample(condition="outbreak", subject="5 computers", body="PC01\nPC02\n")

    posted, detail = sent(manager, notification)

    assert posted == {
        "name": "outbreak",
        "subject": "INFORMATION: 5 computers",
        "message": "PC01\nPC02",
        "hyperlink": f"https://alert.example.com/log/{notification.id}",
    }
    assert detail == ""


@pytest.mark.parametrize("character", ["x", "<", "ü", "\U0001f9a0"])
def test_texts_are_cut_to_what_the_manager_takes(manager: LocalManager, character: str) -> None:
    long = character * 40_000

    posted, _ = sent(manager, sample(condition=long, subject=long, body=long))

    lengths = {name: len(text.encode("utf-16-le")) // 2 for name, text in posted.items()}
    assert max(lengths["name"], lengths["subject"]) <= 255
    assert 32_000 < lengths["message"] <= 32_767
    assert all(posted[name].endswith(("…", "&gt;…")) for name in ("name", "subject", "message"))
    assert "&…" not in posted["message"]


def test_blank_texts_are_filled_because_the_manager_takes_none(manager: LocalManager) -> None:
    posted, _ = sent(manager, sample(subject="", body=" \n"), subject="{{ subject }}")

    assert (posted["subject"], posted["message"]) == ("test", "test")


def test_words_of_events_are_no_markup(manager: LocalManager) -> None:
    posted, _ = sent(manager, sample(body="<script>alert(1)</script> & \x1b[31m"), message="<b>{{ body }}</b>")

    assert posted["message"] == "<b>&lt;script&gt;alert(1)&lt;/script&gt; &amp; ␛[31m</b>"


def test_link_that_would_be_too_long_leads_to_the_server_alone(manager: LocalManager) -> None:
    event = Event(time=Notification.sample().time, type="test", computer="a/b?" * 200)

    posted, detail = sent(manager, sample(event=event), hyperlink="https://alert.example.com:8443/x?c={{ event.computer }}")

    assert posted["hyperlink"] == "https://alert.example.com:8443/"
    assert detail == "hyperlink to the server alone, because the whole is too long"


def test_values_in_the_link_are_encoded(manager: LocalManager) -> None:
    event = Event(time=Notification.sample().time, type="test", computer="a b/../?&")

    posted, _ = sent(manager, sample(event=event), hyperlink="https://alert.example.com/{{ event.computer }}")

    assert posted["hyperlink"] == "https://alert.example.com/a%20b%2F..%2F%3F%26"


def test_template_that_fails_loses_nothing(manager: LocalManager) -> None:
    bad = "{{ quantity // 0 }}"

    posted, detail = sent(
        manager, sample(body="what happened"), title=bad, message=bad, hyperlink=f"https://alert.example.com/{bad}"
    )

    assert (posted["message"], posted["hyperlink"]) == ("what happened", "https://alert.example.com/")
    assert detail == (
        "name without its template, which fails; message without its template, which fails; "
        "hyperlink without its template, which fails"
    )


@pytest.mark.parametrize("link", ["", "alert.example.com", "ftp://x/", "https://{{ computer }}/", "https:///x"])
def test_link_must_lead_to_a_server_that_no_event_chooses(link: str, manager: LocalManager) -> None:
    with pytest.raises(ValueError, match="hyperlink"):
        made(manager, hyperlink=link)


def test_token_that_the_manager_has_forgotten_is_renewed(manager: LocalManager) -> None:
    action = made(manager)

    action.send(sample())
    manager.forget_tokens()
    action.send(sample())
    action.close()

    assert len(manager.posted) == 2
    assert sum("authenticate" in request for request in manager.requests) == 2


def test_connection_that_the_manager_gave_up_is_made_again(manager: LocalManager) -> None:
    action = made(manager)

    action.send(sample())
    manager.drop_connections()
    action.send(sample())
    action.close()

    assert len(manager.posted) == 2


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (401, False), (403, False), (404, False), (429, True), (500, True)]
)
def test_refusal_says_what_the_manager_says(manager: LocalManager, status: int, retryable: bool) -> None:
    manager.status = status
    action = made(manager)

    with pytest.raises(DeliveryError) as caught:
        action.send(sample())
    action.close()

    assert str(caught.value).endswith(f"answers {status}: It does not work today")
    assert caught.value.retryable is retryable


def test_wrong_password_is_not_tried_again_because_that_locks_the_account(manager: LocalManager) -> None:
    action = made(manager, password="wrong-password")

    with pytest.raises(DeliveryError) as caught:
        action.send(sample())
    action.close()

    assert not caught.value.retryable
    assert sum("authenticate" in request for request in manager.requests) == 1


def test_closing_is_told_only_if_the_settings_say_so(manager: LocalManager) -> None:
    closed = sample(kind="closed")

    assert made(manager).declines(closed)
    assert not made(manager, on_close=True).declines(closed)


@pytest.mark.fuzz
def test_hostile_notifications_arrive_as_they_should(manager: LocalManager) -> None:
    action, count = made(manager, hyperlink="https://alert.example.com/{{ event.computer }}"), 0

    for notification in notifications(amount()):
        action.send(notification)
        count += 1
    action.close()

    assert len(manager.posted) == count
    for posted in manager.posted:
        assert not [c for c in posted["message"].replace("\n", "") if unicodedata.category(c) in ("Cc", "Cs")]
        assert "<" not in "".join(posted.values())
        assert "\n" not in posted["name"] + posted["subject"] + posted["hyperlink"]
        assert posted["hyperlink"].startswith("https://alert.example.com/")
