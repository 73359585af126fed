"""Logging in with access tokens: a token server and a mail server, both on loopback."""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from alert_core import DeliveryError, Notification
from alert_core.testing.peers import free_port
from alert_email import EmailAction

Make = Callable[..., EmailAction]


class Provider:
    """A mail server of a large provider: it takes mail from who brings a token that is still valid."""

    def __init__(self) -> None:
        self.valid: set[str] = set()
        self.said: list[str] = []
        self.explained: list[bytes] = []
        self.mails = 0

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        return await self._judge(server, b64decode(args[1]).decode())

    async def _judge(self, server: SMTP, said: str) -> AuthResult:
        self.said.append(said)
        if said.partition("auth=Bearer ")[2].rstrip("\x01") in self.valid:
            return AuthResult(success=True, auth_data="ann")
        await server.push("334 " + b64encode(b'{"status":"401","schemes":"bearer"}').decode())
        assert server._reader is not None
        self.explained.append(await server._reader.readline())
        return AuthResult(success=False, handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails += 1
        return "250 OK"


class WithBearer(Provider):
    async def auth_OAUTHBEARER(self, server: SMTP, args: list[str]) -> AuthResult:
        return await self._judge(server, b64decode(args[1]).decode())


class TokenServer:
    """Answers with what it is told to, one answer after the other, and remembers what was asked."""

    def __init__(self, *answers: tuple[int, Any], context: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append(dict(parse_qsl(form)))
                status, answer = outer.answers.pop(0)
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._server.server_address[1]}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def tokens() -> Iterator[Callable[..., TokenServer]]:
    running: list[TokenServer] = []

    def start(*answers: tuple[int, Any], context: ssl.SSLContext | None = None) -> TokenServer:
        running.append(TokenServer(*answers, context=context))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def context(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "good.pem")
    return context


@pytest.fixture
def action(certificates: Path, context: ssl.SSLContext, serve: Callable[..., Any], make: Make) -> Callable[..., EmailAction]:
    def create(provider: Provider, **oauth: Any) -> EmailAction:
        port = serve(provider, tls_context=context, auth_exclude_mechanism=("LOGIN", "PLAIN")).port
        options = {"security": "starttls", "tls": {"ca_file": certificates / "ca.pem"}}
        return make(port, **options, user="ann@example.com", oauth=oauth)

    return create


def fetching(server: TokenServer) -> dict[str, Any]:
    return {"token_url": server.url, "client_id": "id", "client_secret": "s3cret", "refresh_token": "r3fresh"}


def given(token: str, **more: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600} | more


def refusal(mail: EmailAction) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        mail.send(Notification.sample())
    assert not any(secret in str(caught.value) for secret in ("s3cret", "r3fresh", "t0ken"))
    return caught.value


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        (Provider(), "user=ann@example.com\x01auth=Bearer t0ken\x01\x01"),
        (WithBearer(), "n,a=ann@example.com,\x01host=127.0.0.1\x01port={port}\x01auth=Bearer t0ken\x01\x01"),
    ],
)
def test_token_that_is_set_opens_the_door(provider: Provider, said: str, action: Callable[..., EmailAction]) -> None:
    provider.valid = {"t0ken"}
    mail = action(provider, access_token="t0ken")

    mail.send(Notification.sample())

    assert provider.said == [said.format(port=mail.settings.port)]
    assert provider.mails == 1


@pytest.mark.parametrize(("provider", "answer"), [(Provider(), b"\r\n"), (WithBearer(), b"AQ==\r\n")])
def test_token_that_is_set_and_refused_is_final(provider: Provider, answer: bytes, action: Callable[..., EmailAction]) -> None:
    error = refusal(action(provider, access_token="t0ken"))

    assert str(error).endswith("refuses the access token (535)")
    assert (error.retryable, len(provider.said), provider.explained) == (False, 1, [answer])


def test_token_is_fetched_once_and_used_as_long_as_it_is_valid(
    action: Callable[..., EmailAction], tokens: Callable[..., TokenServer]
) -> None:
    provider, server = Provider(), tokens(given("t0ken"))
    provider.valid = {"t0ken"}
    mail = action(provider, **fetching(server), scope="smtp offline")

    for _ in range(3):
        mail.send(Notification.sample())
        mail.close()

    assert server.asked == [
        {
            "grant_type": "refresh_token", "client_id": "id", "client_secret": "s3cret", "refresh_token": "r3fresh",
            "scope": "smtp offline",
        }
    ]  # fmt: skip
    assert (provider.mails, len(provider.said)) == (3, 3)


def test_token_is_fetched_in_the_senders_own_name(
    action: Callable[..., EmailAction], tokens: Callable[..., TokenServer]
) -> None:
    provider, server = Provider(), tokens(given("t0ken"))
    provider.valid = {"t0ken"}

    settings = {"token_url": server.url, "client_id": "id", "client_secret": "s3cret", "grant": "client_credentials"}
    action(provider, **settings).send(Notification.sample())

    assert server.asked == [{"grant_type": "client_credentials", "client_id": "id", "client_secret": "s3cret"}]


def test_token_that_is_about_to_end_is_replaced(action: Callable[..., EmailAction], tokens: Callable[..., TokenServer]) -> None:
    provider, server = Provider(), tokens(given("t0ken-1", expires_in=59), given("t0ken-2"))
    provider.valid = {"t0ken-1", "t0ken-2"}
    mail = action(provider, **fetching(server))

    mail.send(Notification.sample())
    mail.close()
    mail.send(Notification.sample())

    assert [said.count("t0ken-2") for said in provider.said] == [0, 1]


def test_token_that_the_mail_server_refuses_is_replaced_at_once(
    action: Callable[..., EmailAction], tokens: Callable[..., TokenServer]
) -> None:
    provider, server = Provider(), tokens(given("t0ken-1"), given("t0ken-2"))
    provider.valid = {"t0ken-1"}
    mail = action(provider, **fetching(server))
    mail.send(Notification.sample())
    mail.close()
    provider.valid = {"t0ken-2"}

    mail.send(Notification.sample())

    assert provider.mails == 2
    assert [said.count("t0ken-2") for said in provider.said] == [0, 0, 1]


def test_new_token_that_is_refused_is_not_replaced(
    action: Callable[..., EmailAction], tokens: Callable[..., TokenServer]
) -> None:
    provider, server = Provider(), tokens(given("t0ken-1"), given("t0ken-2"))

    error = refusal(action(provider, **fetching(server)))

    assert (error.retryable, len(server.asked)) == (False, 1)


def test_new_refresh_token_is_kept_over_a_restart_for_the_owner_alone(
    action: Callable[..., EmailAction], tokens: Callable[..., TokenServer], tmp_path: Path
) -> None:
    provider, server = Provider(), tokens(given("t0ken", refresh_token="n3xt"), given("t0ken"))
    provider.valid = {"t0ken"}
    action(provider, **fetching(server)).send(Notification.sample())

    action(provider, **fetching(server)).send(Notification.sample())

    assert [asked["refresh_token"] for asked in server.asked] == ["r3fresh", "n3xt"]
    [file] = (tmp_path / "state").iterdir()
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("n3xt", 0o600)


@pytest.mark.parametrize(
    ("answer", "words", "retryable"),
    [
        ((400, {"error": "invalid_grant", "error_description": "r3fresh\n"}), "refuses (400): invalid_grant: ***", False),
        ((401, b"<html>"), "refuses (401)", False),
        ((503, {}), "refuses (503)", True),
        ((429, {}), "refuses (429)", True),
        ((302, {}), "refuses (302)", False),
        ((200, {}), "answers without an access token", True),
        ((200, b"["), "answers without an access token", True),
        ((200, {"access_token": "t0ken\x01"}), "answers without an access token", True),
    ],
)  # fmt: skip
def test_trouble_with_the_token_server_is_told(
    answer: tuple[int, Any], words: str, retryable: bool,
    action: Callable[..., EmailAction], tokens: Callable[..., TokenServer],
) -> None:  # fmt: skip
    server, provider = tokens(answer), Provider()

    error = refusal(action(provider, **fetching(server)))

    assert str(error) == f"token server {server.url} {words}"
    assert (error.retryable, provider.said, len(server.asked)) == (retryable, [], 1)


def test_token_server_that_is_not_there_can_be_asked_again(action: Callable[..., EmailAction]) -> None:
    settings = {"token_url": f"http://127.0.0.1:{free_port()}/", "client_id": "id", "refresh_token": "r3fresh"}

    error = refusal(action(Provider(), **settings))

    assert str(error).endswith("cannot be used: Connection refused")
    assert error.retryable


def test_token_server_must_show_a_certificate_that_is_trusted(
    action: Callable[..., EmailAction], tokens: Callable[..., TokenServer], certificates: Path, context: ssl.SSLContext
) -> None:
    provider, server = Provider(), tokens(given("t0ken"), context=context)
    provider.valid = {"t0ken"}

    error = refusal(action(provider, **fetching(server)))
    action(provider, **fetching(server), ca_file=certificates / "ca.pem").send(Notification.sample())

    assert "has a certificate that is not trusted" in str(error)
    assert provider.mails == 1
