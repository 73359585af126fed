"""Mails go through a real exim; what is asserted is what exim recorded in its log and its mailbox."""

from __future__ import annotations

import mailbox
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alert_core import DeliveryError, Notification, Severity
from alert_core.testing import peers
from alert_email import EmailAction

pytestmark = pytest.mark.peers

Make = Callable[..., EmailAction]

CONFIGURATION = """
primary_hostname = mail.example.com
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
log_selector = +received_recipients +tls_cipher +tls_peerdn +subject
exim_user = {user}
exim_group = {group}
deliver_drop_privilege
tls_advertise_hosts = *
tls_certificate = {folder}/server.pem
tls_on_connect_ports = {tls_port}
{options}
smtputf8_advertise_hosts = *
rfc1413_query_timeout = 0s
daemon_smtp_ports = {port} : {tls_port}
acl_smtp_rcpt = check
keep_environment =

begin acl
check:
  deny local_parts = unknown
       message = no such person
  defer local_parts = busy
        condition = ${{if !exists{{{folder}/open}}}}
        message = mailbox is full
  {demand}
  accept

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = {open}
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{ann}}}}{{eq{{$auth3}}{{hunter2}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_advertise_condition = {open}
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{ann}}}}{{eq{{$auth2}}{{hunter2}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_advertise_condition = {open}
  server_secret = ${{if eq{{$auth1}}{{ann}}{{hunter2}}fail}}
  server_set_id = $auth1
ntlm:
  driver = plaintext
  public_name = NTLM
  server_advertise_condition = {ntlm}
  server_prompts = :
  server_condition = false

begin routers
all:
  driver = accept
  transport = box

begin transports
box:
  driver = appendfile
  file = {folder}/mbox
  envelope_to_add
  return_path_add
"""


class Exim:
    """An exim of one's own, in a folder of its own."""

    def __init__(self, program: str, folder: Path, ports: tuple[int, int], **settings: str) -> None:
        self.folder, (self.port, self.tls_port) = folder, ports
        account = pwd.getpwnam("Debian-exim") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        fields = {"options": "", "demand": "", "open": "true", "ntlm": "false"} | settings
        text = CONFIGURATION.format(
            folder=folder, user=account.pw_name, group=account.pw_gid, port=self.port, tls_port=self.tls_port, **fields
        )
        (folder / "exim.conf").write_text(text)
        (folder / "spool").mkdir()
        owned = [folder, *folder.iterdir()] if os.geteuid() == 0 else []
        for path in owned:
            os.chown(path, account.pw_uid, account.pw_gid)
        (folder / "exim.conf").chmod(0o644)
        # As a user without privileges: exim then keeps none itself.
        become: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if owned else {}
        command = [program, "-C", str(folder / "exim.conf"), "-bdf"]
        self._process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL, **become)
        self.wait_for(lambda: "listening for SMTP" in self.log)

    @property
    def log(self) -> str:
        file = self.folder / "mainlog"
        return file.read_text() if file.exists() else ""

    @property
    def received(self) -> list[str]:
        """The lines of the log about mails that came in."""
        return [line for line in self.log.splitlines() if " <= " in line]

    @property
    def mails(self) -> list[Message]:
        """What lies in the mailbox, one for each recipient, when nothing is under way any more."""
        self.wait_for(lambda: self.log.count(" Completed") == len(self.received))
        box = mailbox.mbox(self.folder / "mbox", create=False)
        try:
            return list(box)
        finally:
            box.close()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, self.log
            assert self._process.poll() is None, self.log
            time.sleep(0.02)

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(10)
        # Those who served a connection may still want to write to the log, and would make its folder again.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


@pytest.fixture
def exim(certificates: Path) -> Iterator[Callable[..., Exim]]:
    """Start an exim.

    Not below `tmp_path`, where nobody else may look: exim runs as a user of its own.
    """
    program = peers.require("exim4")
    running: list[Exim] = []

    def start(certificate: str = "good", **settings: str) -> Exim:
        folder = Path(tempfile.mkdtemp(prefix="alert-exim-"))
        shutil.copy(certificates / f"{certificate}.pem", folder / "server.pem")
        shutil.copy(certificates / "ca.pem", folder / "ca.pem")
        fields = {name: value.format(folder=folder) for name, value in settings.items()}
        running.append(Exim(program, folder, (peers.free_port(), peers.free_port()), **fields))
        return running[-1]

    yield start
    for server in running:
        server.stop()
        shutil.rmtree(server.folder)


def notification(**changes: Any) -> Notification:
    return msgspec.structs.replace(Notification.sample(), **changes)


def refusal(mail: EmailAction) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        mail.send(notification())
    return caught.value


@pytest.fixture
def trust(certificates: Path) -> dict[str, Any]:
    return {"server": "localhost", "tls": {"ca_file": certificates / "ca.pem"}}


def test_exim_takes_a_mail_as_it_was_meant(exim: Callable[..., Exim], make: Make) -> None:
    server = exim()
    body = "From here\n.\n..\nGrüße 感染 \x1b[2J\n" + "x" * 2000 + "\n"
    sample = notification(subject="感染: 5 × Trojan", body=body, severity=Severity.CRITICAL)

    receipt = make(server.port, to=["Ann Ö <ann@example.com>"], bcc="bob@example.com").send(sample)

    [line], [mail, copy] = server.received, server.mails
    assert receipt.remote_id == f"250 OK id={line.split()[2]}"
    assert line.endswith(" for ann@example.com bob@example.com")
    assert "P=esmtp " in line
    assert mail["Return-path"] == "<alerts@example.com>"
    assert [mail["Envelope-to"], copy["Envelope-to"]] == ["ann@example.com", "bob@example.com"]
    parts = [part.get_payload(decode=True).decode() for part in mail.get_payload()]
    assert parts[0].replace("\r\n", "\n").startswith(body.replace("\x1b", "\\x1b"))
    assert "<br>" in parts[1]


@pytest.mark.parametrize(
    ("auth", "name"),
    [("auto", "cram"), ("plain", "plain"), ("login", "login"), ("cram-md5", "cram")],
)
def test_exim_knows_who_logged_in_in_clear_text(auth: str, name: str, exim: Callable[..., Exim], make: Make) -> None:
    server = exim()

    make(server.port, user="ann", password="hunter2", auth=auth).send(notification())

    [line] = server.received
    assert f" A={name}:ann " in line
    assert " P=esmtpa " in line


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(("auth", "name"), [("auto", "plain"), ("login", "login"), ("cram-md5", "cram")])
def test_exim_knows_who_logged_in_over_tls(
    security: str, auth: str, name: str, exim: Callable[..., Exim], make: Make, trust: dict[str, Any]
) -> None:
    server = exim(demand="require authenticated = *")
    port = server.port if security == "starttls" else server.tls_port
    mail = make(port, **trust, security=security, user="ann", password="hunter2", auth=auth)

    for _ in range(2):
        mail.send(notification())

    first, second = server.received
    assert " X=TLS1.3:" in first
    assert " P=esmtpsa " in first
    assert f" A={name}:ann " in second
    assert len(server.mails) == 2


def test_exim_refuses_a_wrong_password_once(exim: Callable[..., Exim], make: Make, trust: dict[str, Any]) -> None:
    server = exim()

    error = refusal(make(server.port, **trust, security="starttls", user="ann", password="wr0ng"))

    assert str(error).endswith("refuses user name or password (535)")
    server.wait_for(lambda: "authenticator failed" in server.log)  # which it writes after its answer
    assert server.log.count("authenticator failed") == 1


def test_exim_that_demands_a_login_is_told_of_nobody(exim: Callable[..., Exim], make: Make) -> None:
    server = exim(demand="require authenticated = *")

    error = refusal(make(server.port))

    assert "refuses every recipient: ann@example.com: 550" in str(error)
    assert "rejected RCPT <ann@example.com>" in server.log


def test_exim_that_offers_ntlm_alone_is_named(exim: Callable[..., Exim], make: Make) -> None:
    server = exim(open="false", ntlm="true", demand="require authenticated = *")

    error = refusal(make(server.port, user="ann", password="hunter2"))

    assert "demands authentication by NTLM; NTLM (Secure Password Authentication) is not supported" in str(error)
    assert not error.retryable
    assert server.received == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("certificate", "words"),
    [("expired", "certificate has expired"), ("wrong-name", "certificate is not valid for 'localhost'")],
)
def test_exim_with_a_wrong_certificate_gets_no_mail(
    certificate: str, words: str, security: str, exim: Callable[..., Exim], make: Make, trust: dict[str, Any]
) -> None:
    server = exim(certificate)
    port = server.port if security == "starttls" else server.tls_port

    error = refusal(make(port, **trust, security=security, user="ann", password="hunter2"))

    assert "has a certificate that is not trusted" in str(error)
    assert words in str(error)
    assert error.retryable
    assert server.received == []


def test_exim_with_any_certificate_gets_mail_when_encryption_is_a_bonus(exim: Callable[..., Exim], make: Make) -> None:
    server = exim("expired")

    make(server.port, server="localhost", security="starttls-if-offered").send(notification())

    assert " P=esmtps " in server.received[0]


def test_exim_sees_the_certificate_of_the_sender(
    exim: Callable[..., Exim], make: Make, trust: dict[str, Any], certificates: Path
) -> None:
    server = exim(options="tls_verify_hosts = *\ntls_verify_certificates = {folder}/ca.pem")
    shown = trust["tls"] | {"certificate": certificates / "client.pem"}

    refusal(make(server.port, **trust, security="starttls"))
    make(server.port, **trust | {"tls": shown}, security="starttls").send(notification())

    [line] = server.received
    assert 'DN="' in line
    assert "CN=alert-sender" in line


def test_exim_refuses_one_recipient_among_good_ones(exim: Callable[..., Exim], make: Make) -> None:
    server = exim()

    receipt = make(server.port, to="ann@example.com, unknown@example.com, bob@example.com").send(notification())

    assert receipt.detail == "refused unknown@example.com: 550 no such person"
    assert sorted(mail["Envelope-to"] for mail in server.mails) == ["ann@example.com", "bob@example.com"]
    assert "rejected RCPT <unknown@example.com>: no such person" in server.log


def test_exim_gets_the_rest_later_and_nobody_gets_it_twice(exim: Callable[..., Exim], make: Make) -> None:
    server, sample = exim(), notification()
    mail = make(server.port, to="ann@example.com, busy@example.com, unknown@example.com")
    with pytest.raises(DeliveryError) as caught:
        mail.send(sample)
    (server.folder / "open").touch()

    receipt = mail.resume(sample, caught.value.progress)

    assert "refused for now busy@example.com: 451" in str(caught.value)
    assert "temporarily rejected RCPT <busy@example.com>: mailbox is full" in server.log
    # The second mail may overtake the first on its way into the mailbox.
    assert sorted(got["Envelope-to"] for got in server.mails) == ["ann@example.com", "busy@example.com"]
    assert len({got["Message-ID"] for got in server.mails}) == 1
    assert receipt.detail == "refused unknown@example.com: 550 no such person"


def test_exim_takes_addresses_of_any_script(exim: Callable[..., Exim], make: Make) -> None:
    server = exim()

    make(server.port, to="用户@bücher.example").send(notification())

    assert server.received[0].endswith(" for 用户@xn--bcher-kva.example")


def test_exim_takes_a_digest_as_one_mail(exim: Callable[..., Exim], make: Make) -> None:
    server = exim()

    receipts = make(server.port, digest=True).send_many([notification(id="1"), notification(id="2")])

    assert len(receipts) == 2
    [mail] = server.mails
    assert mail["X-Alert-Count"] == "2"
