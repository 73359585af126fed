"""What a request carries: bodies, headers, signatures; read as the receiver reads them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl
from xml.etree import ElementTree

import msgspec
import pytest

from alert_core import Notification

if TYPE_CHECKING:
    from conftest import Hooks, Request, Site

README = Path(__file__).parent.parent / "README.md"


def send(site: Site, hooks: Hooks, sample: Notification | None = None, **settings: Any) -> Request:
    hooks(**settings).send(sample or hooks.notification())
    return site.requests[-1]


def test_json_has_just_the_fields_that_are_asked_for(site: Site, hooks: Hooks) -> None:
    sample = hooks.notification(subject='Grüße "x"\n', computers=("a", "b"))

    got = send(site, hooks, sample, fields={"text": "{{ severity }}: {{ subject }}", "hosts": "{{ computers }}"})

    assert json.loads(got.body) == {"text": 'information: Grüße "x"\n', "hosts": "a,b"}
    assert got.headers["Content-Type"] == "application/json"


def test_form_has_the_usual_fields(site: Site, hooks: Hooks) -> None:
    sample = hooks.notification(subject="a&b=c ü\r\n", body="")

    got = send(site, hooks, sample, body="form")

    fields = dict(parse_qsl(got.body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
    assert (fields["subject"], fields["body"], fields["id"]) == ("a&b=c ü\r\n", "", sample.id)
    assert list(fields) == [
        "id", "condition", "kind", "time", "severity", "key", "computer", "quantity", "subject", "body",
    ]  # fmt: skip
    assert got.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_form_has_just_the_fields_that_are_asked_for(site: Site, hooks: Hooks) -> None:
    got = send(site, hooks, hooks.notification(subject="x&y"), body="form", fields={"a b": "{{ subject }}", "c": "1"})

    assert parse_qs(got.body.decode()) == {"a b": ["x&y"], "c": ["1"]}


def test_text_is_subject_and_body_unless_a_template_says_otherwise(site: Site, hooks: Hooks) -> None:
    sample = hooks.notification(subject="Grüße", body="a\nb\n")

    plain, own = send(site, hooks, sample, body="text"), send(site, hooks, sample, body="text", text="{{ subject | upper }}!")

    assert (plain.body.decode(), own.body.decode()) == ("Grüße\n\na\nb\n", "GRÜSSE!")
    assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("value", ['"}, {"admin": "', "<b>&</b>", "a\r\nb\x00\x1b", "日本 \U0001f600"])
def test_value_stays_a_value_in_json_that_is_written_as_text(site: Site, hooks: Hooks, value: str) -> None:
    settings = {"body": "text", "headers": {"Content-Type": "application/vnd.x+json"}}

    got = send(site, hooks, hooks.notification(subject=value), text='{"a": "{{ subject }}", "b": {{ quantity }}}', **settings)

    assert json.loads(got.body) == {"a": value, "b": 1}
    assert got.headers.get_all("Content-Type") == ["application/vnd.x+json"]


@pytest.mark.parametrize("value", ["</a><a>", "<b x='1' y=\"2\">&amp;</b>", "]]>", "日本"])
def test_value_stays_a_value_in_xml(site: Site, hooks: Hooks, value: str) -> None:
    headers = {"content-type": "application/xml; charset=utf-8"}

    got = send(site, hooks, hooks.notification(subject=value), body="text", text="<a>{{ subject }}</a>", headers=headers)

    assert ElementTree.fromstring(got.body).text == value


def test_header_may_have_placeholders(site: Site, hooks: Hooks) -> None:
    got = send(site, hooks, hooks.notification(subject="Grüße"), headers={"X-Title": " {{ severity }}: {{ subject }} "})

    assert got.headers["X-Title"].encode("latin-1").decode() == "information: Grüße"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "\u2028X-Evil: 1", "\r\n\r\n", "x" * 9000])
def test_value_cannot_leave_its_header(site: Site, hooks: Hooks, value: str) -> None:
    plain = send(site, hooks, headers={"X-Title": "t"})

    got = send(site, hooks, hooks.notification(condition=value), headers={"X-Title": "t{{ condition }}"})

    assert got.headers.keys() == plain.headers.keys()
    assert len(got.headers["X-Title"]) < 1600


def test_reference_to_a_secret_is_no_template(site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "{{ id }}")

    assert send(site, hooks, headers={"X-Key": {"env": "HOOK_KEY"}}).headers["X-Key"] == "{{ id }}"


@pytest.mark.parametrize(
    ("settings", "holds"),
    [
        ({"fields": {"a": "{{ body + 1 }}"}}, '"subject":"TEST: alert can reach you"'),
        ({"body": "form", "fields": {"a": "{{ body + 1 }}"}}, "subject=TEST%3A+alert+can+reach+you"),
        ({"body": "text", "text": "{{ body + 1 }}"}, "TEST: alert can reach you"),
    ],
)
def test_template_that_fails_does_not_lose_the_notification(
    site: Site, hooks: Hooks, settings: dict[str, Any], holds: str
) -> None:
    receipt = hooks(**settings).send(hooks.notification())

    assert holds in site.requests[-1].body.decode()
    assert receipt.detail.startswith("default body: template fails: TypeError")


def test_header_whose_template_fails_is_left_out(site: Site, hooks: Hooks) -> None:
    receipt = hooks(headers={"X-Title": "{{ body + 1 }}"}).send(hooks.notification())

    assert "X-Title" not in site.requests[-1].headers
    assert receipt.detail == "header X-Title left out: its template fails"


def test_url_whose_template_fails_is_final(site: Site, hooks: Hooks) -> None:
    error = hooks.refusal(url=f"http://127.0.0.1:{site.port}/{{{{ body + 1 }}}}")

    assert str(error).startswith("the url cannot be made for this notification: template fails: TypeError")
    assert not error.retryable


@pytest.mark.parametrize("values", [("..", ""), (".", "."), (".", ""), ("", "..")])
def test_values_do_not_become_steps_in_the_path(site: Site, hooks: Hooks, values: tuple[str, str]) -> None:
    sample = hooks.notification(condition=values[0], type=values[1])

    got = send(
        site, hooks, sample, url=f"http://127.0.0.1:{site.port}/a/{{{{ condition }}}}{{{{ type }}}}/b?c={{{{ condition }}}}"
    )

    assert got.path == f"/a/{'%252E' * len(''.join(values))}/b?c={values[0]}"


def test_url_may_have_filters_and_branches(site: Site, hooks: Hooks) -> None:
    path = "/{{ event.computer | upper }}{% if test %}?test=yes{% endif %}"

    got = send(site, hooks, server="127.0.0.1", port=site.port, protocol="http", path=path)

    assert got.path == "/TEST-COMPUTER?test=yes"


def test_signature_is_that_of_time_and_body(site: Site, hooks: Hooks) -> None:
    got = send(site, hooks, signature={"secret": "k3y"})

    moment = got.headers["X-Alert-Timestamp"]
    expected = hmac.new(b"k3y", moment.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Alert-Signature"] == f"sha256={expected}"
    assert abs(time.time() - int(moment)) < 30


def test_example_in_the_readme_knows_genuine_requests(site: Site, hooks: Hooks) -> None:
    [example] = [code for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL) if "def genuine" in code]
    names: dict[str, Any] = {}
    exec(example, names)
    got = send(site, hooks, signature={"secret": "k3y"})

    answers = [
        names["genuine"](got.headers, got.body, b"k3y"),
        names["genuine"](got.headers, got.body + b" ", b"k3y"),
        names["genuine"](got.headers, got.body, b"other"),
    ]

    assert answers == [True, False, False]


def test_what_closes_is_told_when_the_settings_say_so(hooks: Hooks) -> None:
    closed = hooks.notification(kind="closed")

    assert hooks().declines(closed) == "nothing is sent when something closes"
    assert hooks(on_close=True).declines(closed) == ""
    assert hooks().declines(hooks.notification(kind="fired")) == ""


def test_secret_without_encryption_is_pointed_out(hooks: Hooks) -> None:
    url = "https://example.com/"

    assert hooks(auth="basic", user="u", password="p").check() != []
    assert hooks(auth="digest", user="u", password="p").check() == []
    assert hooks(auth="bearer", token="t", url=url).check() == []


def test_whole_notification_is_read_back(site: Site, hooks: Hooks) -> None:
    sample = hooks.notification(subject='Grüße "日本" \x1b', computers=("a",), suppressed=3)

    assert msgspec.json.decode(send(site, hooks, sample).body, type=Notification) == sample
