from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from typing import Any

import pytest
import tomli_w
from pydantic import ValidationError

from alert_web import WebAction, WebSettings

GOOD: dict[str, Any] = {"url": "https://example.com/alerts"}

BREAKAGES: dict[str, tuple[dict[str, Any], str]] = {
    "nowhere to go": ({"url": ""}, "nowhere to send to"),
    "path alone": ({"url": "/alerts"}, "must be complete, such as https://example.com/alerts"),
    "no protocol": ({"url": "example.com/alerts"}, "must be complete"),
    "another protocol": ({"url": "ftp://example.com/"}, "must be complete"),
    "no server": ({"url": "https:///alerts"}, "must be complete"),
    "blank in the URL": ({"url": "https://example.com/a b"}, "must be ASCII without blanks"),
    "line end in the URL": ({"url": "https://example.com/a\r\nX: y"}, "must be ASCII without blanks"),
    "password in the URL": ({"url": "https://u:p@example.com/"}, "must not hold a user name or password"),
    "placeholder in the server's name": ({"url": "https://{{ event.computer }}/"}, "placeholders in the server's name"),
    "placeholder for nothing": ({"url": "https://example.com/{{ nonsense }}"}, "{{ nonsense }} stands for nothing"),
    "open placeholder": ({"url": "https://example.com/{{id}"}, "is no template"),
    "server that cannot be looked up": ({"url": "https://a..example.com/"}, "'a..example.com' is no name and no address"),
    "server of other characters": ({"url": "https://a!b.example.com/"}, "'a!b.example.com' is no name and no address"),
    "proxy that cannot be looked up": ({"proxy": {"host": "x" * 64, "port": 1}}, "is no name and no address"),
    "port that is none": ({"url": "https://example.com:x/"}, "Port could not be cast"),
    "URL and server": ({"server": "example.com"}, "a url says it all"),
    "server with a path": ({"url": "", "server": "example.com/a"}, "server"),
    "path without slash": ({"url": "", "server": "example.com", "path": "a"}, "must begin with /"),
    "port 0": ({"url": "", "server": "example.com", "port": 0}, "port"),
    "unknown method": ({"method": "DELETE"}, "method"),
    "header with a blank": ({"headers": {"X Y": "z"}}, "'X Y' is not the name of a header"),
    "header of ours": ({"headers": {"Authorization": "z"}}, "Authorization is set by alert itself"),
    "basic without password": ({"auth": "basic", "user": "u"}, "which needs both"),
    "password without auth": ({"user": "u", "password": "p"}, 'user and password belong to auth "basic" or "digest"'),
    "bearer without token": ({"auth": "bearer"}, 'a token belongs to auth "bearer", which needs one'),
    "token without auth": ({"token": "t"}, 'a token belongs to auth "bearer"'),
    "header with a line end": ({"headers": {"X-Y": "a\nb"}}, "the value of X-Y holds a line end"),
    "header with a placeholder for nothing": ({"headers": {"X-Y": "{{ nonsense }}"}}, "{{ nonsense }} stands for nothing"),
    "header twice": ({"headers": {"X-Y": "a", "x-y": "b"}}, "one header stands there twice"),
    "basic with a colon in the name": ({"auth": "basic", "user": "a:b", "password": "p"}, "a user name with a colon"),
    "fields of a text": ({"body": "text", "fields": {"a": "b"}}, 'fields belong to the bodies "json" and "form"'),
    "fields of a GET": ({"method": "GET", "fields": {"a": "b"}}, "GET has no body"),
    "field for nothing": ({"fields": {"a": "{{ nonsense }}"}}, "{{ nonsense }} stands for nothing"),
    "text of a form": ({"body": "form", "text": "a"}, 'text belongs to the body "text"'),
    "batch of forms": ({"body": "form", "batch": True}, 'batch belongs to the body "json"'),
    "batch with a placeholder": ({"url": "https://example.com/{{ id }}", "batch": True}, "a batch has one URL"),
    "batch with a placeholder in a header": ({"headers": {"X-Y": "{{ id }}"}, "batch": True}, "a batch has one URL"),
    "key without certificate": ({"tls": {"key": "key.pem"}}, "belong to a client certificate"),
    "proxy without port": ({"proxy": {"host": "proxy"}}, "proxy.port"),
    "proxy with a user only": ({"proxy": {"host": "proxy", "port": 3128, "user": "u"}}, "belong together"),
    "two proxies": ({"proxy": {"host": "proxy", "port": 3128}, "proxy_from_environment": True}, "there is one proxy"),
    "signature without secret": ({"signature": {}}, "signature.secret"),
    "signature in a header of ours": ({"signature": {"secret": "s", "header": "Host"}}, "Host is set by alert itself"),
    "signature in another header": (
        {"signature": {"secret": "s", "header": "X-Y"}, "headers": {"x-y": "z"}},
        "a header of the signature",
    ),
    "network that is none": ({"allow_networks": ["example.com"]}, "allow_networks"),
    "network with an address in it": ({"deny_networks": ["192.0.2.1/24"]}, "has host bits set"),
    "unknown key": ({"uri": "x"}, "uri"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_wrong_setting_is_refused(name: str) -> None:
    change, words = BREAKAGES[name]

    with pytest.raises(ValidationError) as caught:
        WebSettings.model_validate(GOOD | change)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"url": "http://example.com:8080/a?b={{ id }}"}, "http://example.com:8080/a?b={{ id }}"),
        ({"server": "example.com"}, "https://example.com/"),
        ({"server": "192.0.2.7", "port": 8080, "protocol": "http", "path": "/a?b=c"}, "http://192.0.2.7:8080/a?b=c"),
        ({"server": "2001:db8::1", "port": 8443}, "https://[2001:db8::1]:8443/"),
        ({"server": "[2001:db8::1]"}, "https://[2001:db8::1]/"),
    ],
)
def test_address_is_the_url_or_made_of_its_parts(given: dict[str, Any], address: str) -> None:
    assert WebSettings.model_validate(given).address == address


def test_settings_survive_a_round_trip_through_toml() -> None:
    given = {"auth": "basic", "user": "u", "password": {"env": "X"}, "headers": {"X-Key": {"file": "/key"}, "X-Site": "a"}}
    settings = WebSettings.model_validate(GOOD | given)

    text = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))

    assert WebSettings.model_validate(tomllib.loads(text)) == settings


def test_secrets_are_not_shown() -> None:
    given = {"auth": "basic", "user": "u", "password": "hunter2", "headers": {"X-Key": "k3y"}}

    shown = repr(WebSettings.model_validate(GOOD | given))

    assert "hunter2" not in shown
    assert "k3y" not in shown


def test_every_setting_has_a_title_and_a_description() -> None:
    fields = WebSettings.model_fields

    assert [name for name, field in fields.items() if not (field.title and field.description)] == []


def test_type_is_offered_through_its_entry_point() -> None:
    [point] = entry_points(group="alert_core", name="web")

    assert point.load().alert_register_actions() == [WebAction]


def test_importing_the_plugin_is_light() -> None:
    code = "import sys, alert_web.plugin; print([m for m in ('requests', 'urllib3', 'ssl') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
