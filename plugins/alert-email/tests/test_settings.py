from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from typing import Any

import msgspec
import pytest
import tomli_w
from pydantic import ValidationError

from alert_core import Context, DeliveryError, Notification, Secret
from alert_email import EmailAction, EmailSettings
from alert_email._message import sender_address

GOOD: dict[str, Any] = {"server": "mail.example.com", "to": ["ann@example.com"]}
SENDER = {"sender": "a@example.com"}
TOKEN = {"access_token": "t0ken"}
FETCHED = {"token_url": "https://login.example.com/token", "client_id": "c", "refresh_token": "r3fresh"}

BREAKAGES: dict[str, tuple[dict[str, Any], str]] = {
    "no server": ({"server": ""}, "server"),
    "no recipient": ({"to": []}, "no recipient"),
    "recipient without domain": ({"to": "ann"}, "'ann' is not an address"),
    "recipient with a line break": ({"to": "ann@example.com\nBcc: eve@example.com"}, "is not an address"),
    "recipient without a local part": ({"cc": "@example.com"}, "is not an address"),
    "quotes and letters outside ASCII together": ({"to": '"ä b"@example.com'}, "is not an address"),
    "recipient that is a number": ({"to": [1]}, "valid string"),
    "wrong sender": ({"sender": "somebody"}, "'somebody' is not an address"),
    "port 0": ({"port": 0}, "port"),
    "port above 65535": ({"port": 65536}, "port"),
    "unknown encryption": ({"security": "ssl"}, "security"),
    "password without user": ({"password": "p"}, "a password needs a user"),
    "password left to chance": (
        {"user": "u", "password": "p", "security": "starttls-if-offered"},
        "must not depend on what the server offers",
    ),
    "unknown key": ({"smtp": "x"}, "smtp"),
    "password and token": ({"user": "u", "password": "p", "oauth": TOKEN}, "set either password or oauth, not both"),
    "token without user": ({"oauth": TOKEN}, "oauth needs a user"),
    "token in clear text": ({"user": "u", "oauth": TOKEN, "security": "none"}, "encrypted and checked"),
    "token left to chance": ({"user": "u", "oauth": TOKEN, "security": "starttls-if-offered"}, "encrypted and checked"),
    "way to log in without password": ({"user": "u", "auth": "plain"}, 'auth = "plain" needs a password'),
    "way to log in without token": ({"user": "u", "password": "p", "auth": "xoauth2"}, 'auth = "xoauth2" needs oauth'),
    "unknown way to log in": ({"auth": "ntlm"}, "auth"),
    "key without certificate": ({"tls": {"key": "/k.pem"}}, "belong to a client certificate"),
    "token URL in clear text": ({"oauth": FETCHED | {"token_url": "http://example.com/t"}}, "complete https:// address"),
    "token URL without host": ({"oauth": FETCHED | {"token_url": "https:///t"}}, "complete https:// address"),
    "empty oauth": ({"oauth": {}}, "set access_token, or token_url and client_id"),
    "token and token URL": ({"oauth": FETCHED | TOKEN}, "not both"),
    "no refresh token": ({"oauth": FETCHED | {"refresh_token": None}}, "set refresh_token"),
    "no client secret": ({"oauth": FETCHED | {"grant": "client_credentials"}}, "needs client_secret"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_wrong_setting_is_refused(name: str) -> None:
    change, words = BREAKAGES[name]

    with pytest.raises(ValidationError) as caught:
        EmailSettings.model_validate(GOOD | change)

    assert words in str(caught.value)


def test_comma_text_is_taken_as_a_list() -> None:
    settings = EmailSettings.model_validate(
        {"server": "m", "to": 'ann@example.com, "Bob, jr" <bob@example.com>,', "bcc": "c@example.com"}
    )

    assert settings.to == ("ann@example.com", '"Bob, jr" <bob@example.com>')
    assert settings.recipients == ("ann@example.com", "bob@example.com", "c@example.com")


def test_double_byte_domain_becomes_its_ascii_form() -> None:
    settings = EmailSettings.model_validate(GOOD | {"to": "ann@bücher.example"})

    assert settings.recipients == ("ann@xn--bcher-kva.example",)


@pytest.mark.parametrize(
    ("change", "port"), [({}, 587), ({"security": "tls"}, 465), ({"security": "none"}, 25), ({"port": 2525}, 2525)]
)
def test_port_follows_encryption_unless_set(change: dict[str, Any], port: int) -> None:
    assert EmailSettings.model_validate(GOOD | change).effective_port == port


@pytest.mark.parametrize(
    ("change", "computer", "sender"),
    [
        ({"sender": "Alerts <a@example.com>", "user": "u@example.com"}, "db-01", "a@example.com"),
        ({"user": "u@example.com"}, "db-01", "u@example.com"),
        ({"user": "u"}, "db-01", "SYSTEM@db-01"),
        ({}, "db-01", "SYSTEM@db-01"),
        ({"sender": "a@example.com"}, "サーバー", "a@example.com"),
    ],
)
def test_sender_is_the_set_one_else_the_user_else_the_computer(change: dict[str, Any], computer: str, sender: str) -> None:
    assert sender_address(EmailSettings.model_validate(GOOD | change), computer).addr_spec == sender


def test_double_byte_computer_name_demands_a_sender() -> None:
    with pytest.raises(DeliveryError, match="computer name 'サーバー' cannot be part of a sender's address; set sender"):
        sender_address(EmailSettings.model_validate(GOOD), "サーバー")


def test_settings_survive_a_round_trip_through_toml() -> None:
    settings = EmailSettings.model_validate(GOOD | {"user": "u", "oauth": FETCHED, "tls": {"ca_file": "/ca.pem"}})

    text = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))

    assert EmailSettings.model_validate(tomllib.loads(text)) == settings


def test_password_is_not_shown() -> None:
    settings = EmailSettings.model_validate(GOOD | {"user": "u", "oauth": FETCHED | {"client_secret": "hunter2"}})

    assert settings.oauth is not None
    assert settings.oauth.client_secret == Secret("hunter2")
    assert "hunter2" not in repr(settings)
    assert "r3fresh" not in repr(settings)


def test_every_setting_has_a_title_and_a_description() -> None:
    fields = EmailSettings.model_fields

    assert [name for name, field in fields.items() if not (field.title and field.description)] == []


def test_check_names_a_sender_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "サーバー")

    faults = [EmailAction(EmailSettings.model_validate(GOOD | change), Context(name="m")).check() for change in ({}, SENDER)]

    assert faults == [("computer name 'サーバー' cannot be part of a sender's address; set sender",), ()]


@pytest.mark.parametrize(("on_close", "declined"), [(False, "on_close is off"), (True, "")])
def test_what_closes_is_told_only_when_asked_for(on_close: bool, declined: str) -> None:
    closed = msgspec.structs.replace(Notification.sample(), kind="closed")
    mail = EmailAction(EmailSettings.model_validate(GOOD | {"on_close": on_close}), Context(name="m"))

    assert mail.declines(closed) == declined
    assert mail.declines(Notification.sample()) == ""


def test_type_is_offered_through_its_entry_point() -> None:
    [point] = entry_points(group="alert_core", name="email")

    assert point.load().alert_register_actions() == [EmailAction]


def test_importing_the_plugin_is_light() -> None:
    heavy = ("smtplib", "ssl", "urllib.request", "email.policy")
    code = f"import sys, alert_email.plugin; print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
