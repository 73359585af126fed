"""Mails travel to real SMTP servers on loopback; what is asserted is what the server got."""

from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alert_core import Context, DeliveryError, Notification, Severity, Strength
from alert_email import EmailAction, EmailSettings


class Mailbox:
    """Takes mail, except from or for those whose name says what to answer."""

    def __init__(self, *, busy: int = 0) -> None:
        self.busy = busy
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address.startswith("unknown"):
            return "550 5.1.1 no such user"
        if address.startswith("busy"):
            return "451 4.3.2 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if envelope.mail_from.startswith("spam"):
            return "554 5.7.1 looks like spam \x1b[31m"
        if self.busy:
            self.busy -= 1
            return "451 4.3.2 try again later"
        self.envelopes.append(envelope)
        if session not in self.sessions:
            self.sessions.append(session)
        return f"250 2.0.0 queued as {len(self.envelopes)}"

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each.original_content, policy=policy.default) for each in self.envelopes]


@contextmanager
def running(mailbox: Mailbox, *, port: int = 0, **options: Any) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def action(port: int, name: str = "mail", **settings: Any) -> EmailAction:
    given = {"server": "127.0.0.1", "port": port, "security": "none", "to": "ann@example.com", "wait_seconds": 2}
    given |= {"sender": "alerts@example.com"} | settings
    return EmailAction(EmailSettings.model_validate(given), Context(name=name))


@contextmanager
def closing(*actions: EmailAction) -> Iterator[None]:
    try:
        yield
    finally:
        for each in actions:
            each.close()


def notification(**changes: Any) -> Notification:
    return msgspec.structs.replace(Notification.sample(), **changes)


def refusal(mail: EmailAction) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        mail.send(notification())
    return caught.value


def test_mail_arrives_with_its_text_and_headers() -> None:
    mailbox = Mailbox()
    sample = notification(subject="Grüße: 5 × 感染", body="line 1\n.\nFrom here\nEnde: ü\n", severity=Severity.CRITICAL)

    with (
        running(mailbox) as port,
        closing(mail := action(port, to="Ann Ö <ann@example.com>", cc="c@x.org", bcc="b@x.org", reply_to="r@x.org")),
    ):
        receipt = mail.send(sample)

    [got] = mailbox.mails
    assert (receipt.strength, receipt.remote_id, receipt.detail) == (Strength.ACCEPTED, "250 2.0.0 queued as 1", "")
    assert mailbox.envelopes[0].rcpt_tos == ["ann@example.com", "c@x.org", "b@x.org"]
    assert got["Subject"] == "Grüße: 5 × 感染"
    assert got.get_content().replace("\r\n", "\n") == "line 1\n.\nFrom here\nEnde: ü\n"
    assert got["To"] == "Ann Ö <ann@example.com>"
    assert (got["From"], got["Cc"], got["Bcc"], got["Reply-To"]) == ("alerts@example.com", "c@x.org", None, "r@x.org")
    assert (got["Auto-Submitted"], got["Importance"]) == ("auto-generated", "high")
    assert (got["X-Alert-Id"], got["X-Alert-Condition"]) == (sample.id, "test")
    assert got["Message-ID"] == f"<{mail.idempotency_key(sample)}@example.com>"


HOSTILE = [
    "a\r\nBcc: eve@example.com",
    "=?utf-8?q?a=0D=0ABcc:_eve@example.com?=",
    "=?utf-8?q?a=0D=0A=0D=0Abody?= tail",
    "one\u2028Bcc: eve@example.com\x85Bcc: eve@example.com\x0bBcc: e",
    "\x1b[2J\x00\x07 bell",
    "\u202eright to left אבג",
    "x" * 5000,
    "é" * 5000,
    "lone \ud800 surrogate",
    "",
    "<script>&amp;\"'`$(id)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_and_loses_no_header(text: str) -> None:
    mailbox = Mailbox()

    with running(mailbox) as port, closing(mail := action(port)):
        mail.send(notification(subject="plain", condition="plain"))
        mail.send(notification(subject=text, condition=text, body=text))

    plain, hostile = mailbox.mails
    names = [name for name in plain if name != "X-Alert-Condition" or text]
    assert list(hostile) == names
    assert mailbox.envelopes[1].rcpt_tos == ["ann@example.com"]
    assert all(len(line) <= 998 for line in mailbox.envelopes[1].original_content.split(b"\r\n"))


@pytest.mark.parametrize("text", ["=?utf-8?q?hi?=", "x" * 5000, "日本語 " * 300 + "end", 'a, b; c: <d> "e" (f)'])
def test_text_arrives_equal(text: str) -> None:
    mailbox = Mailbox()

    with running(mailbox) as port, closing(mail := action(port)):
        mail.send(notification(subject=text, body=f"{text}\n"))

    [got] = mailbox.mails
    assert str(got["Subject"]).replace("\r\n", "") == text
    assert got.get_content().replace("\r\n", "\n") == f"{text}\n"


def test_connection_is_kept_between_mails() -> None:
    mailbox = Mailbox()

    with running(mailbox) as port, closing(mail := action(port)):
        for _ in range(3):
            mail.send(notification())

    assert (len(mailbox.envelopes), len(mailbox.sessions)) == (3, 1)


def test_dropped_connection_is_replaced() -> None:
    mailbox = Mailbox()
    mail = action(port := free_port())

    with closing(mail):
        with running(mailbox, port=port):
            mail.send(notification())
        with running(mailbox, port=port):
            mail.send(notification())

    assert len(mailbox.envelopes) == 2


def test_two_actions_do_not_interfere() -> None:
    ours, theirs = Mailbox(), Mailbox()

    with (
        running(ours) as here,
        running(theirs) as there,
        closing(first := action(here, "one"), second := action(there, "two", to="b@x.org")),
    ):
        first.send(notification())
        second.send(notification())
        first.close()
        second.send(notification())

    assert [each.rcpt_tos for each in ours.envelopes] == [["ann@example.com"]]
    assert [each.rcpt_tos for each in theirs.envelopes] == [["b@x.org"]] * 2


def test_refused_recipient_is_named_in_the_receipt() -> None:
    mailbox = Mailbox()

    with running(mailbox) as port, closing(mail := action(port, to="ann@example.com, unknown@example.com")):
        receipt = mail.send(notification())

    assert receipt.detail == "refused unknown@example.com: 550 5.1.1 no such user"
    assert mailbox.envelopes[0].rcpt_tos == ["ann@example.com"]


@pytest.mark.parametrize(
    ("change", "words", "retryable"),
    [
        ({"to": "unknown@example.com"}, "refuses every recipient: unknown@example.com: 550 5.1.1 no such user", False),
        ({"to": "busy@example.com, unknown@example.com"}, "refuses every recipient: busy@example.com: 451", True),
        ({"sender": "spam@example.com"}, "answers: 554 5.7.1 looks like spam [31m", False),
        ({"security": "starttls"}, "does not offer STARTTLS", False),
        ({"user": "u", "password": "hunter2"}, "offers no authentication", False),
    ],
)
def test_refusal_says_whether_another_attempt_can_help(change: dict[str, Any], words: str, retryable: bool) -> None:
    with running(Mailbox()) as port, closing(mail := action(port, **change)):
        error = refusal(mail)

    assert words in str(error)
    assert error.retryable is retryable
    assert "hunter2" not in str(error)


def test_mail_goes_out_after_a_refused_one() -> None:
    mailbox = Mailbox(busy=1)

    with running(mailbox) as port, closing(mail := action(port)):
        error = refusal(mail)
        mail.send(notification())

    assert (error.retryable, len(mailbox.envelopes)) == (True, 1)


def test_refused_connection_can_be_tried_again() -> None:
    error = refusal(action(port := free_port()))

    assert str(error) == f"mail server 127.0.0.1:{port} cannot be used: Connection refused"
    assert error.retryable


def test_silent_server_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = refusal(action(server.getsockname()[1], wait_seconds=0.2))

    assert "did not answer within 0.2 seconds" in str(error)
    assert error.retryable


def test_test_button_sends_a_marked_sample() -> None:
    mailbox = Mailbox()

    with running(mailbox) as port, closing(mail := action(port)):
        result = mail.test()

    assert (result.ok, result.detail) == (True, "accepted 250 2.0.0 queued as 1")
    assert mailbox.mails[0]["Subject"] == "TEST: alert can reach you"


class Login:
    """Knows one user, and remembers by what mechanism somebody tried."""

    def __init__(self, *exclude: str) -> None:
        self.mechanisms: list[str] = []
        self.options = {"authenticator": self, "auth_require_tls": False, "auth_exclude_mechanism": exclude}

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.mechanisms.append(mechanism)
        return AuthResult(success=data == LoginPassword(b"ann", b"hunter2"), handled=False)


@pytest.mark.parametrize(("exclude", "mechanism"), [((), "LOGIN"), (("LOGIN",), "PLAIN")])
def test_login_with_a_password(exclude: tuple[str, ...], mechanism: str) -> None:
    mailbox, login = Mailbox(), Login(*exclude)

    with running(mailbox, **login.options) as port, closing(mail := action(port, user="ann", password="hunter2")):
        receipt = mail.send(notification())

    assert receipt.strength == Strength.ACCEPTED
    assert login.mechanisms == [mechanism]


def test_wrong_password_is_final_tried_once_and_not_shown() -> None:
    login = Login()

    with running(Mailbox(), **login.options) as port, closing(mail := action(port, user="ann", password="wr0ng")):
        error = refusal(mail)

    assert str(error) == f"mail server 127.0.0.1:{port} refuses user name or password (535)"
    assert (error.retryable, error.__cause__, len(login.mechanisms)) == (False, None, 1)


def test_password_that_cannot_be_looked_up_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    settings = {"user": "ann", "password": {"env": "NO_SUCH_PASSWORD"}}

    with running(Mailbox(), **Login().options) as port, closing(mail := action(port, **settings)):
        error = refusal(mail)

    assert "environment variable 'NO_SUCH_PASSWORD' is not set" in str(error)
    assert error.retryable


def test_password_outside_ascii_is_reported_and_not_shown() -> None:
    with running(Mailbox(), **Login().options) as port, closing(mail := action(port, user="ann", password="pässword")):
        error = refusal(mail)

    assert str(error) == "user name and password must be ASCII for this mail server"
    assert (error.retryable, error.__cause__) == (False, None)


class NtlmOnly(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 exchange\r\n")
        while line := self.rfile.readline():
            self.wfile.write(b"250-exchange\r\n250 AUTH NTLM\r\n" if line.startswith(b"ehlo") else b"250 OK\r\n")


def test_server_that_insists_on_ntlm_is_named() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), NtlmOnly) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        mail = action(server.server_address[1], user="ann", password="hunter2")

        error = refusal(mail)
        server.shutdown()

    assert "demands authentication by NTLM; NTLM (Secure Password Authentication) is not supported" in str(error)
    assert not error.retryable


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
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_mail_arrives_when_the_certificate_is_trusted(
    security: str, tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    mailbox = Mailbox()
    options = {"ssl_context": tls} if security == "tls" else {"tls_context": tls, "require_starttls": True}

    trusting = {"server": "localhost", "security": security, "ca_file": certificate[1]}
    with running(mailbox, **options) as port, closing(mail := action(port, **trusting)):
        mail.send(notification())

    assert len(mailbox.envelopes) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_untrusted_certificate_is_refused(security: str, tls: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    options = {"ssl_context": tls} if security == "tls" else {"tls_context": tls}

    with running(mailbox, **options) as port, closing(mail := action(port, server="localhost", security=security)):
        error = refusal(mail)

    assert "has a certificate that is not trusted: self-signed certificate" in str(error)
    assert mailbox.envelopes == []


def test_offered_encryption_is_used_without_checking_the_certificate(tls: ssl.SSLContext) -> None:
    mailbox = Mailbox()

    with running(mailbox, tls_context=tls) as port, closing(mail := action(port, security="starttls-if-offered")):
        mail.send(notification())

    assert mailbox.sessions[0].ssl is not None
