"""Mails travel to real SMTP servers on loopback; what is asserted is what the server got."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alert_core import DeliveryError, Notification, Strength
from alert_core.testing.peers import free_port
from alert_email import EmailAction


def notification(**changes: Any) -> Notification:
    return msgspec.structs.replace(Notification.sample(), **changes)


def refusal(mail: EmailAction) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        mail.send(notification())
    return caught.value


def test_connection_is_kept_between_mails(mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    mail = make(serve(mailbox).port)

    for _ in range(3):
        mail.send(notification())

    assert (len(mailbox.envelopes), len(mailbox.sessions)) == (3, 1)


def test_dropped_connection_is_replaced(mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    server = serve(mailbox)
    mail = make(server.port)

    mail.send(notification())
    server.stop()
    serve(mailbox, port=server.port)
    mail.send(notification())

    assert len(mailbox.envelopes) == 2


def test_connection_outlives_a_refusal(mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    mailbox.busy = 1
    mail = make(serve(mailbox).port)

    error = refusal(mail)
    mail.send(notification())

    assert (error.retryable, len(mailbox.envelopes), len(mailbox.sessions)) == (True, 1, 1)


def test_two_actions_do_not_interfere(new_mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    ours, theirs = new_mailbox(), new_mailbox()
    first, second = make(serve(ours).port, "one"), make(serve(theirs).port, "two", to="b@x.org")

    first.send(notification())
    second.send(notification())
    first.close()
    second.send(notification())

    assert (ours.recipients, theirs.recipients) == ([["ann@example.com"]], [["b@x.org"]] * 2)


@pytest.mark.parametrize(
    ("change", "words", "retryable"),
    [
        ({"sender": "spam@example.com"}, "answers: 554 5.7.1 looks like spam [31m", False),
        ({"security": "starttls"}, "does not offer STARTTLS", False),
        ({"user": "u", "password": "hunter2"}, "offers no authentication", False),
    ],
)
def test_refusal_says_whether_another_attempt_can_help(
    change: dict[str, Any], words: str, retryable: bool,
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction],
) -> None:  # fmt: skip
    error = refusal(make(serve(mailbox).port, **change))

    assert words in str(error)
    assert error.retryable is retryable
    assert "hunter2" not in str(error)


def test_refused_connection_can_be_tried_again(make: Callable[..., EmailAction]) -> None:
    port = free_port()

    error = refusal(make(port))

    assert str(error) == f"mail server 127.0.0.1:{port} cannot be used: Connection refused"
    assert error.retryable


@pytest.mark.parametrize("name", ["サ" * 70, "a..b", ".example.com"])
def test_name_that_nothing_can_have_is_told(name: str, make: Callable[..., EmailAction]) -> None:
    error = refusal(make(25, server=name))

    assert str(error) == f"mail server {name}:25 cannot be used: {name!r} is no name of a computer"


def test_name_that_no_certificate_can_have_is_told(
    certificates: Path, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    port = serve(mailbox, tls_context=server_side(certificates)).port

    error = refusal(make(port, security="starttls", tls={"server_name": ".example.com"}))

    assert str(error).endswith("'.example.com' is no name for a certificate")


class Closing(socketserver.StreamRequestHandler):
    """Has no time from the first mail on."""

    def handle(self) -> None:
        self.wfile.write(b"220 hello\r\n")
        self.rfile.readline()
        self.wfile.write(b"250-hello\r\n250 PIPELINING\r\n")
        self.rfile.readline()
        self.wfile.write(b"421 4.3.2 going down\r\n")


def test_words_of_a_server_that_hangs_up_are_told(make: Callable[..., EmailAction]) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Closing) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        error = refusal(make(server.server_address[1], to="ann@example.com, bob@example.com"))
        server.shutdown()

    assert str(error).endswith("answers: 421 4.3.2 going down")
    assert error.retryable


def test_silent_server_is_given_up_in_time(make: Callable[..., EmailAction]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = refusal(make(server.getsockname()[1], wait_seconds=0.2))

    assert "did not answer within 0.2 seconds" in str(error)
    assert error.retryable


def test_server_that_drips_is_given_up_in_time(make: Callable[..., EmailAction]) -> None:
    stop = threading.Event()

    class Dripping(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while not stop.wait(0.05):
                self.request.sendall(b"2")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        error = refusal(make(server.server_address[1], wait_seconds=0.3))
        stop.set()
        server.shutdown()

    assert "did not answer within 0.3 seconds" in str(error)


def test_test_button_sends_a_marked_sample(mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    result = make(serve(mailbox).port).test()

    assert (result.ok, result.detail) == (True, "accepted 250 2.0.0 queued as 1")
    assert mailbox.mails[0]["Subject"] == "TEST: alert can reach you"


def test_letters_of_any_script_stand_in_addresses_where_the_server_knows_how(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail = make(serve(mailbox).port, to=["用户@bücher.example", "ann@example.com"])

    mail.send(notification())

    assert mailbox.recipients == [["用户@xn--bcher-kva.example", "ann@example.com"]]
    assert "用户@xn--bcher-kva.example".encode() in mailbox.envelopes[0].original_content


@pytest.mark.parametrize("change", [{"to": "änn@example.com"}, {"sender": "ä@x.org"}, {"reply_to": "ä@x.org"}])
def test_server_that_does_not_know_how_is_named(
    change: dict[str, str], mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    error = refusal(make(serve(mailbox, enable_SMTPUTF8=False).port, **change))

    assert str(error).endswith("does not offer SMTPUTF8, which addresses with letters outside ASCII before the @ need")
    assert not error.retryable


class Login:
    """Knows one user, and remembers by what mechanism somebody tried."""

    def __init__(self, *exclude: str) -> None:
        self.mechanisms: list[str] = []
        self.options = {"authenticator": self, "auth_require_tls": False, "auth_exclude_mechanism": exclude}

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.mechanisms.append(mechanism)
        return AuthResult(success=data == LoginPassword(b"ann", "hünter2".encode()), handled=False)


@pytest.mark.parametrize(
    ("exclude", "auth", "mechanism"), [((), "auto", "LOGIN"), (("LOGIN",), "auto", "PLAIN"), ((), "plain", "PLAIN")]
)
def test_login_with_a_password(
    exclude: tuple[str, ...], auth: str, mechanism: str,
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction],
) -> None:  # fmt: skip
    login = Login(*exclude)
    mail = make(serve(mailbox, **login.options).port, user="ann", password="hünter2", auth=auth)

    receipt = mail.send(notification())

    assert receipt.strength == Strength.ACCEPTED
    assert login.mechanisms == [mechanism]


def test_chosen_way_to_log_in_must_be_offered(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    error = refusal(make(serve(mailbox, **Login().options).port, user="ann", password="p", auth="cram-md5"))

    assert "demands authentication by LOGIN PLAIN; allow CRAM-MD5 there" in str(error)


def test_wrong_password_is_final_tried_once_and_not_shown(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    login = Login()
    port = serve(mailbox, **login.options).port

    error = refusal(make(port, user="ann", password="wr0ng"))

    assert str(error) == f"mail server 127.0.0.1:{port} refuses user name or password (535)"
    assert (error.retryable, error.__cause__, len(login.mechanisms)) == (False, None, 1)


def test_password_that_cannot_be_looked_up_can_be_tried_again(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)

    error = refusal(make(serve(mailbox, **Login().options).port, user="ann", password={"env": "NO_SUCH_PASSWORD"}))

    assert "environment variable 'NO_SUCH_PASSWORD' is not set" in str(error)
    assert error.retryable


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_server_that_demands_a_login_says_what_to_set(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    error = refusal(make(serve(mailbox, **Login().options, auth_required=True).port))

    assert str(error).endswith("answers: 530 5.7.0 Authentication required; set user and password, or oauth")
    assert not error.retryable


class NtlmOnly(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 exchange\r\n")
        while line := self.rfile.readline():
            self.wfile.write(b"250-exchange\r\n250 AUTH NTLM\r\n" if line.startswith(b"ehlo") else b"250 OK\r\n")


def test_server_that_insists_on_ntlm_is_named(make: Callable[..., EmailAction]) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), NtlmOnly) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        error = refusal(make(server.server_address[1], user="ann", password="hunter2"))
        server.shutdown()

    assert "demands authentication by NTLM; NTLM (Secure Password Authentication) is not supported" in str(error)
    assert not error.retryable


def server_side(certificates: Path, name: str = "good", *, clients: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem")
    if clients:
        context.load_verify_locations(certificates / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def encrypting(security: str, context: ssl.SSLContext) -> dict[str, Any]:
    return {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_mail_arrives_when_the_certificate_is_trusted(
    security: str, certificates: Path, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    port = serve(mailbox, **encrypting(security, server_side(certificates))).port
    mail = make(port, server="localhost", security=security, tls={"ca_file": certificates / "ca.pem"})

    mail.send(notification())
    mail.send(notification())

    assert (len(mailbox.envelopes), len(mailbox.sessions)) == (2, 1)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("name", "tls", "words"),
    [
        ("good", {}, "unable to get local issuer certificate"),
        ("expired", {"ca_file": "ca.pem"}, "certificate has expired"),
        ("wrong-name", {"ca_file": "ca.pem"}, "certificate is not valid for 'localhost'"),
        ("good", {"ca_file": "ca.pem", "server_name": "mail.example.com"}, "certificate is not valid for 'mail.example.com'"),
    ],
)
def test_wrong_certificate_is_refused(
    name: str, tls: dict[str, str], words: str, security: str, certificates: Path, monkeypatch: pytest.MonkeyPatch,
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction],
) -> None:  # fmt: skip
    monkeypatch.chdir(certificates)
    port = serve(mailbox, **encrypting(security, server_side(certificates, name))).port

    error = refusal(make(port, server="localhost", security=security, tls=tls))

    assert "has a certificate that is not trusted: " in str(error)
    assert words in str(error)
    assert mailbox.envelopes == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_with_another_name_is_taken_when_the_settings_name_it(
    security: str, certificates: Path, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    port = serve(mailbox, **encrypting(security, server_side(certificates, "wrong-name"))).port
    trust = {"ca_file": certificates / "ca.pem", "server_name": "mail.elsewhere.example"}

    make(port, server="localhost", security=security, tls=trust).send(notification())

    assert len(mailbox.envelopes) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_of_its_own_is_shown_to_the_server(
    security: str, certificates: Path, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    port = serve(mailbox, **encrypting(security, server_side(certificates, clients=True))).port
    trust = {"ca_file": certificates / "ca.pem"}
    options = {"server": "localhost", "security": security}

    refused = refusal(make(port, **options, tls=trust))
    make(port, **options, tls={**trust, "certificate": certificates / "client.pem"}).send(notification())

    assert refused.retryable
    assert len(mailbox.envelopes) == 1


def test_offered_encryption_is_used_without_checking_the_certificate(
    certificates: Path, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail = make(serve(mailbox, tls_context=server_side(certificates, "expired")).port, security="starttls-if-offered")

    mail.send(notification())

    assert mailbox.sessions[0].ssl is not None
