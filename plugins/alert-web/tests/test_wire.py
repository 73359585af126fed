"""Requests travel to a real HTTP server on loopback; what is asserted is what the server got."""

from __future__ import annotations

import json
import socket
import threading
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from alert_core import Notification, Strength

if TYPE_CHECKING:
    from conftest import Hooks, Request, Site


SHA256 = 'Digest realm="r", qop="auth", nonce="n", algorithm=SHA-256'


def address(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def send(site: Site, hooks: Hooks, sample: Notification | None = None, **settings: Any) -> Request:
    hooks(**settings).send(sample or hooks.notification())
    return site.requests[-1]


def test_notification_is_posted_as_json(site: Site, hooks: Hooks) -> None:
    sample = hooks.notification(subject='Grüße "日本" \x1b', body="a\nb\n")

    hook = hooks()
    receipt = hook.send(sample)

    [got] = site.requests
    assert (got.method, got.path) == ("POST", "/alerts")
    assert msgspec.json.decode(got.body, type=Notification) == sample
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Idempotency-Key"] == hook.idempotency_key(sample)
    assert (receipt.strength, receipt.remote_id) == (Strength.ACCEPTED, "204 No Content")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_other_methods_carry_the_body_too(site: Site, hooks: Hooks, method: str) -> None:
    got = send(site, hooks, method=method)

    assert (got.method, json.loads(got.body)["condition"]) == (method, "test")


def test_get_carries_no_body(site: Site, hooks: Hooks) -> None:
    parts = {"server": "127.0.0.1", "port": site.port, "protocol": "http", "path": "/knock?x=1"}

    got = send(site, hooks, method="GET", **parts)

    assert (got.method, got.path, got.body) == ("GET", "/knock?x=1", b"")
    assert "Content-Type" not in got.headers


def test_body_can_be_left_out(site: Site, hooks: Hooks) -> None:
    assert send(site, hooks, body="none").body == b""


def test_text_that_utf8_cannot_hold_still_arrives(site: Site, hooks: Hooks) -> None:
    got = send(site, hooks, hooks.notification(subject="lone \ud800"))

    assert json.loads(got.body)["subject"] == "lone \ud800"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("db 01/../x?y&z=1#f", "db%2001%2F..%2Fx%3Fy%26z%3D1%23f"),
        ("a\r\nHost: evil", "a%0D%0AHost%3A%20evil"),
        ("日", "%E6%97%A5"),
        ("%2e%2e", "%252e%252e"),
        ("", ""),
        ("\ud800", "%3F"),
        ("{{ subject }}", "%7B%7B%20subject%20%7D%7D"),
    ],
)
def test_placeholder_cannot_leave_its_place(site: Site, hooks: Hooks, value: str, encoded: str) -> None:
    sample = hooks.notification(condition=value)

    got = send(
        site,
        hooks,
        sample,
        url=f"http://127.0.0.1:{site.port}/a/{{{{ condition }}}}/b?c={{{{condition}}}}&s={{{{ severity }}}}",
    )

    assert got.path == f"/a/{encoded}/b?c={encoded}&s=information"
    assert got.headers["Host"] == f"127.0.0.1:{site.port}"


def test_own_headers_are_sent_from_their_secrets(site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y-ü")

    got = send(site, hooks, headers={"X-Key": {"env": "HOOK_KEY"}, "content-type": "application/x-alert"})

    assert got.headers["X-Key"].encode("latin-1").decode() == "k3y-ü"
    assert got.headers.get_all("Content-Type") == ["application/x-alert"]


def test_basic_authentication(site: Site, hooks: Hooks) -> None:
    got = send(site, hooks, auth="basic", user="ann", password="hünter2")

    kind, _, value = got.headers["Authorization"].partition(" ")
    assert (kind, b64decode(value).decode()) == ("Basic", "ann:hünter2")


def test_bearer_authentication(site: Site, hooks: Hooks) -> None:
    assert send(site, hooks, auth="bearer", token="t0ken").headers["Authorization"] == "Bearer t0ken"


def test_digest_authentication(site: Site, hooks: Hooks) -> None:
    site.digest_password, site.challenges = "hunter2", [SHA256]

    got = send(site, hooks, auth="digest", user="ann", password="hunter2")

    assert len(site.requests) == 2
    assert json.loads(got.body)["condition"] == "test"


def test_wrong_password_is_final(site: Site, hooks: Hooks) -> None:
    site.digest_password, site.challenges = "hunter2", [SHA256]

    error = hooks.refusal(auth="digest", user="ann", password="wr0ng")

    assert (str(error), error.retryable) == (f"web server 127.0.0.1:{site.port} answers 401 Unauthorized", False)


def test_connection_is_kept_between_requests(site: Site, hooks: Hooks) -> None:
    site.status, site.body = 200, b"x" * 60_000

    hook = hooks()
    for _ in range(5):
        hook.send(hooks.notification())

    assert (len(site.requests), site.connections) == (5, 1)


def test_connection_that_the_server_gave_up_is_made_anew(site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.RequestHandlerClass, "timeout", 0.05)
    hook = hooks()

    for sent in (1, 2):
        hook.send(hooks.notification())
        end = time.monotonic() + 10
        while site.ended < sent and time.monotonic() < end:
            time.sleep(0.01)

    assert (len(site.requests), site.connections) == (2, 2)


def test_endless_answer_is_not_read(site: Site, hooks: Hooks) -> None:
    site.status, site.body = 200, b"x" * 50_000_000

    hook = hooks()
    receipt = hook.send(hooks.notification())
    site.body = b""
    hook.send(hooks.notification())

    assert receipt.remote_id == "200 OK"
    assert site.connections == 2


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (404, False), (408, True), (413, False), (425, True), (429, True), (500, True), (503, True)],
)
def test_status_says_whether_another_attempt_can_help(site: Site, hooks: Hooks, status: int, retryable: bool) -> None:
    site.status, site.body = status, b"secret details"

    error = hooks.refusal()

    assert str(error).startswith(f"web server 127.0.0.1:{site.port} answers {status} ")
    assert (error.retryable, error.retry_after) == (retryable, None)
    assert "secret details" not in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), ("soon", None), ("-5", None), ("", None), ("9" * 400, None)],
)
def test_retry_after_in_seconds_is_honoured(site: Site, hooks: Hooks, text: str, seconds: float | None) -> None:
    site.status, site.headers = 503, {"Retry-After": text}

    assert hooks.refusal().retry_after == seconds


def test_retry_after_as_a_date_is_honoured(site: Site, hooks: Hooks) -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    site.status, site.headers = 429, {"Retry-After": format_datetime(later, usegmt=True)}

    error = hooks.refusal()

    assert error.retry_after == pytest.approx(90, abs=10)


def test_redirect_is_not_followed(site: Site, hooks: Hooks) -> None:
    site.status, site.headers = 302, {"Location": f"http://127.0.0.1:{site.port}/other\x1b[2J"}

    error = hooks.refusal(auth="bearer", token="t0ken")

    assert f"answers 302 Found and points to 'http://127.0.0.1:{site.port}/other [2J', which is not followed" in str(error)
    assert not error.retryable
    assert len(site.requests) == 1


def test_cookies_are_not_kept(site: Site, hooks: Hooks) -> None:
    site.headers = {"Set-Cookie": "a=b; Path=/"}

    hook = hooks()
    hook.send(hooks.notification())
    hook.send(hooks.notification())

    assert [each.headers["Cookie"] for each in site.requests] == [None, None]


def test_proxy_in_the_environment_is_ignored(site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert send(site, hooks).method == "POST"


def test_password_file_of_the_environment_is_ignored(
    site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    assert send(site, hooks).headers["Authorization"] is None


def test_two_actions_do_not_interfere(site: Site, other_site: Site, hooks: Hooks) -> None:
    url = f"http://127.0.0.1:{other_site.port}/"
    first, second = hooks("one"), hooks("two", url=url, auth="bearer", token="t")

    first.send(hooks.notification())
    second.send(hooks.notification())
    first.close()
    second.send(hooks.notification())

    assert [each.headers["Authorization"] for each in site.requests] == [None]
    assert [each.headers["Authorization"] for each in other_site.requests] == ["Bearer t"] * 2


def test_refused_connection_can_be_tried_again_and_hides_the_url(hooks: Hooks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    error = hooks.refusal(url=f"http://127.0.0.1:{port}/k3y")

    assert str(error) == f"web server 127.0.0.1:{port} cannot be used: Connection refused"
    assert error.retryable
    assert isinstance(error.__cause__, OSError)
    assert "k3y" not in str(error.__cause__)


def test_unknown_server_can_be_tried_again(hooks: Hooks) -> None:
    error = hooks.refusal(url="http://no-such-host.invalid/")

    assert "web server no-such-host.invalid cannot be used: " in str(error)
    assert error.retryable


def test_silent_server_is_given_up_in_time(hooks: Hooks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = hooks.refusal(url=address(server), wait_seconds=0.2)

    assert "did not answer within 0.2 seconds" in str(error)
    assert error.retryable


def test_server_that_hangs_up_can_be_tried_again(hooks: Hooks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        error = hooks.refusal(url=address(server))
        thread.join()

    assert "cannot be used: " in str(error)
    assert error.retryable


def test_secret_with_a_line_end_is_refused_and_not_shown(site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y\r\nX-Other: 1")

    error = hooks.refusal(headers={"X-Key": {"env": "HOOK_KEY"}})

    assert str(error) == "a secret for a header holds a line end or another control character"
    assert site.requests == []


def test_secret_that_cannot_be_looked_up_can_be_tried_again(site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)

    error = hooks.refusal(auth="bearer", token={"env": "NO_SUCH_TOKEN"})

    assert "environment variable 'NO_SUCH_TOKEN' is not set" in str(error)
    assert error.retryable


def test_test_button_sends_a_marked_sample(site: Site, hooks: Hooks) -> None:
    hook = hooks()
    result = hook.test()

    assert (result.ok, result.detail) == (True, "accepted 204 No Content")
    assert json.loads(site.requests[0].body)["test"] is True
