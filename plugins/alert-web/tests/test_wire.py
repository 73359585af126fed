"""Requests travel to a real HTTP server on loopback; what is asserted is what the server got."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alert_core import Context, DeliveryError, Notification, Strength
from alert_web import WebAction, WebSettings


@dataclass
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


class Site(ThreadingHTTPServer):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []
        self.connections = 0
        self.status = 204
        self.headers: dict[str, str] = {}
        self.body = b""
        self.digest_password = ""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(Request(self.command, self.path, self.headers, body))
        status, headers = self.server.status, self.server.headers
        if self.server.digest_password and not self.knows_password():
            status, headers = 401, {"WWW-Authenticate": 'Digest realm="r", qop="auth", nonce="n", algorithm=SHA-256'}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_PATCH = answer

    def knows_password(self) -> bool:
        given = self.headers.get("Authorization", "")
        part = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
        if not given.startswith("Digest "):
            return False

        def sha(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        first, second = sha(f"ann:r:{self.server.digest_password}"), sha(f"{self.command}:{self.path}")
        return part["response"] == sha(f"{first}:n:{part['nc']}:{part['cnonce']}:auth:{second}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    thread = threading.Thread(target=site.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as running:
        yield running


def action(port: int, name: str = "hook", /, **settings: Any) -> WebAction:
    given = {"wait_seconds": 5} | settings
    if "server" not in settings:
        given.setdefault("url", f"http://127.0.0.1:{port}/alerts")
    return WebAction(WebSettings.model_validate(given), Context(name=name))


def send(site: Site, sample: Notification | None = None, **settings: Any) -> Request:
    with closing(action(site.port, **settings)) as hook:
        hook.send(sample or notification())
    return site.requests[-1]


def refusal(hook: WebAction) -> DeliveryError:
    with closing(hook), pytest.raises(DeliveryError) as caught:
        hook.send(notification())
    return caught.value


def notification(**changes: Any) -> Notification:
    return msgspec.structs.replace(Notification.sample(), **changes)


def test_notification_is_posted_as_json(site: Site) -> None:
    sample = notification(subject='Grüße "日本" \x1b', body="a\nb\n")

    with closing(action(site.port)) as hook:
        receipt = hook.send(sample)

    [got] = site.requests
    assert (got.method, got.path) == ("POST", "/alerts")
    assert msgspec.json.decode(got.body, type=Notification) == sample
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Idempotency-Key"] == hook.idempotency_key(sample)
    assert (receipt.strength, receipt.remote_id) == (Strength.ACCEPTED, "204 No Content")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_other_methods_carry_the_body_too(site: Site, method: str) -> None:
    got = send(site, method=method)

    assert (got.method, json.loads(got.body)["condition"]) == (method, "test")


def test_get_carries_no_body(site: Site) -> None:
    parts = {"server": "127.0.0.1", "port": site.port, "protocol": "http", "path": "/knock?x=1"}

    got = send(site, method="GET", **parts)

    assert (got.method, got.path, got.body) == ("GET", "/knock?x=1", b"")
    assert "Content-Type" not in got.headers


def test_body_can_be_left_out(site: Site) -> None:
    assert send(site, body="none").body == b""


def test_text_that_utf8_cannot_hold_still_arrives(site: Site) -> None:
    got = send(site, notification(subject="lone \ud800"))

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
def test_placeholder_cannot_leave_its_place(site: Site, value: str, encoded: str) -> None:
    sample = notification(condition=value)

    got = send(
        site, sample, url=f"http://127.0.0.1:{site.port}/a/{{{{ condition }}}}/b?c={{{{condition}}}}&s={{{{ severity }}}}"
    )

    assert got.path == f"/a/{encoded}/b?c={encoded}&s=information"
    assert got.headers["Host"] == f"127.0.0.1:{site.port}"


def test_own_headers_are_sent_from_their_secrets(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y-ü")

    got = send(site, headers={"X-Key": {"env": "HOOK_KEY"}, "content-type": "application/x-alert"})

    assert got.headers["X-Key"].encode("latin-1").decode() == "k3y-ü"
    assert got.headers.get_all("Content-Type") == ["application/x-alert"]


def test_basic_authentication(site: Site) -> None:
    got = send(site, auth="basic", user="ann", password="hünter2")

    kind, _, value = got.headers["Authorization"].partition(" ")
    assert (kind, b64decode(value).decode()) == ("Basic", "ann:hünter2")


def test_bearer_authentication(site: Site) -> None:
    assert send(site, auth="bearer", token="t0ken").headers["Authorization"] == "Bearer t0ken"


def test_digest_authentication(site: Site) -> None:
    site.digest_password = "hunter2"

    got = send(site, auth="digest", user="ann", password="hunter2")

    assert len(site.requests) == 2
    assert json.loads(got.body)["condition"] == "test"


def test_wrong_password_is_final(site: Site) -> None:
    site.digest_password = "hunter2"

    error = refusal(action(site.port, auth="digest", user="ann", password="wr0ng"))

    assert (str(error), error.retryable) == (f"web server 127.0.0.1:{site.port} answers 401 Unauthorized", False)


def test_connection_is_kept_between_requests(site: Site) -> None:
    site.status, site.body = 200, b"x" * 60_000

    with closing(action(site.port)) as hook:
        for _ in range(5):
            hook.send(notification())

    assert (len(site.requests), site.connections) == (5, 1)


def test_endless_answer_is_not_read(site: Site) -> None:
    site.status, site.body = 200, b"x" * 50_000_000

    with closing(action(site.port)) as hook:
        receipt = hook.send(notification())
        site.body = b""
        hook.send(notification())

    assert receipt.remote_id == "200 OK"
    assert site.connections == 2


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (404, False), (408, True), (413, False), (425, True), (429, True), (500, True), (503, True)],
)
def test_status_says_whether_another_attempt_can_help(site: Site, status: int, retryable: bool) -> None:
    site.status, site.body = status, b"secret details"

    error = refusal(action(site.port))

    assert str(error).startswith(f"web server 127.0.0.1:{site.port} answers {status} ")
    assert (error.retryable, error.retry_after) == (retryable, None)
    assert "secret details" not in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), ("soon", None), ("-5", None), ("", None), ("9" * 400, None)],
)
def test_retry_after_in_seconds_is_honoured(site: Site, text: str, seconds: float | None) -> None:
    site.status, site.headers = 503, {"Retry-After": text}

    assert refusal(action(site.port)).retry_after == seconds


def test_retry_after_as_a_date_is_honoured(site: Site) -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    site.status, site.headers = 429, {"Retry-After": format_datetime(later, usegmt=True)}

    error = refusal(action(site.port))

    assert error.retry_after == pytest.approx(90, abs=10)


def test_redirect_is_not_followed(site: Site) -> None:
    site.status, site.headers = 302, {"Location": f"http://127.0.0.1:{site.port}/other\x1b[2J"}

    error = refusal(action(site.port, auth="bearer", token="t0ken"))

    assert f"answers 302 Found and points to 'http://127.0.0.1:{site.port}/other [2J', which is not followed" in str(error)
    assert not error.retryable
    assert len(site.requests) == 1


def test_cookies_are_not_kept(site: Site) -> None:
    site.headers = {"Set-Cookie": "a=b; Path=/"}

    with closing(action(site.port)) as hook:
        hook.send(notification())
        hook.send(notification())

    assert [each.headers["Cookie"] for each in site.requests] == [None, None]


def test_proxy_in_the_environment_is_ignored(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert send(site).method == "POST"


def test_password_file_of_the_environment_is_ignored(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    assert send(site).headers["Authorization"] is None


def test_two_actions_do_not_interfere(site: Site) -> None:
    with (
        serving(Site()) as other,
        closing(action(site.port, "one")) as first,
        closing(action(other.port, "two", auth="bearer", token="t")) as second,
    ):
        first.send(notification())
        second.send(notification())
        first.close()
        second.send(notification())

    assert [each.headers["Authorization"] for each in site.requests] == [None]
    assert [each.headers["Authorization"] for each in other.requests] == ["Bearer t"] * 2


def test_refused_connection_can_be_tried_again_and_hides_the_url() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    error = refusal(action(port, url=f"http://127.0.0.1:{port}/k3y"))

    assert str(error) == f"web server 127.0.0.1:{port} cannot be used: Connection refused"
    assert error.retryable
    assert isinstance(error.__cause__, OSError)
    assert "k3y" not in str(error.__cause__)


def test_unknown_server_can_be_tried_again() -> None:
    error = refusal(action(0, url="http://no-such-host.invalid/"))

    assert "web server no-such-host.invalid cannot be used: " in str(error)
    assert error.retryable


def test_silent_server_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = refusal(action(server.getsockname()[1], wait_seconds=0.2))

    assert "did not answer within 0.2 seconds" in str(error)
    assert error.retryable


def test_server_that_hangs_up_can_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        error = refusal(action(server.getsockname()[1]))
        thread.join()

    assert "cannot be used: " in str(error)
    assert error.retryable


def test_secret_with_a_line_end_is_refused_and_not_shown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y\r\nX-Other: 1")

    error = refusal(action(site.port, headers={"X-Key": {"env": "HOOK_KEY"}}))

    assert str(error) == "a secret for a header holds a line end or another control character"
    assert site.requests == []


def test_secret_that_cannot_be_looked_up_can_be_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)

    error = refusal(action(site.port, auth="bearer", token={"env": "NO_SUCH_TOKEN"}))

    assert "environment variable 'NO_SUCH_TOKEN' is not set" in str(error)
    assert error.retryable


def test_test_button_sends_a_marked_sample(site: Site) -> None:
    with closing(action(site.port)) as hook:
        result = hook.test()

    assert (result.ok, result.detail) == (True, "accepted 204 No Content")
    assert json.loads(site.requests[0].body)["test"] is True


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate, and it is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run(["openssl", "req", *options, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return key, cert


@pytest.fixture
def encrypted_site(certificate: tuple[Path, Path]) -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    site = Site()
    site.socket = context.wrap_socket(site.socket, server_side=True)
    with serving(site) as running:
        yield running


def test_encrypted_request_arrives_when_the_certificate_is_trusted(
    encrypted_site: Site, certificate: tuple[Path, Path]
) -> None:
    got = send(encrypted_site, server="localhost", port=encrypted_site.port, tls={"ca_file": certificate[1]})

    assert got.method == "POST"


def test_untrusted_certificate_is_refused(encrypted_site: Site) -> None:
    error = refusal(action(0, server="localhost", port=encrypted_site.port))

    assert f"web server localhost:{encrypted_site.port} cannot be trusted: self-signed certificate" in str(error)
    assert encrypted_site.requests == []
