"""What all tests of mails share: a real SMTP server on loopback, actions that send to it, certificates."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alert_core import Context
from alert_core.testing.peers import free_port
from alert_email import EmailAction, EmailSettings


class Mailbox:
    """Takes mail, except from or for those whose name says what to answer.

    Attributes:
        busy: How many mails it refuses for now, once it has read them.
        full: Whether who is called `busy` is refused for now.
    """

    def __init__(self) -> None:
        self.busy, self.full = 0, True
        self.asked: list[str] = []
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        self.asked.append(address)
        if address.startswith("unknown"):
            return "550 5.1.1 no such user"
        if address.startswith("busy") and self.full:
            return "451 4.3.2 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if session not in self.sessions:
            self.sessions.append(session)
        if envelope.mail_from.startswith("spam") or b"\r\nGTUBE" in envelope.original_content:
            return "554 5.7.1 looks like spam \x1b[31m"
        if self.busy:
            self.busy -= 1
            return "451 4.3.2 try again later"
        self.envelopes.append(envelope)
        return f"250 2.0.0 queued as {len(self.envelopes)}"

    @property
    def recipients(self) -> list[list[str]]:
        return [envelope.rcpt_tos for envelope in self.envelopes]

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each.original_content, policy=policy.default) for each in self.envelopes]


@pytest.fixture
def new_mailbox() -> Callable[[], Mailbox]:
    return Mailbox


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve() -> Iterator[Callable[..., Controller]]:
    """Start an SMTP server; it ends with the test, or by its method `stop`."""
    running: list[Controller] = []

    def start(mailbox: Mailbox, *, port: int = 0, **options: Any) -> Controller:
        running.append(Controller(mailbox, hostname="127.0.0.1", port=port or free_port(), **options))
        running[-1].start()
        return running[-1]

    yield start
    for controller in running:
        if not controller.loop.is_closed():
            controller.stop()


@pytest.fixture
def make(serve: Callable[..., Controller], tmp_path: Path) -> Iterator[Callable[..., EmailAction]]:
    """Make an action that is closed before the servers end."""
    made: list[EmailAction] = []

    def make(port: int, name: str = "mail", **settings: Any) -> EmailAction:
        given = {"server": "127.0.0.1", "port": port, "security": "none", "to": "ann@example.com", "wait_seconds": 3}
        given |= {"sender": "alerts@example.com"} | settings
        made.append(EmailAction(EmailSettings.model_validate(given), Context(name=name, state_folder=tmp_path / "state")))
        return made[-1]

    yield make
    for action in made:
        action.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `ca.pem` and, each with its key: `good.pem`, `expired.pem`, `wrong-name.pem`, `client.pem`."""
    folder = tmp_path_factory.mktemp("certificates")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued = {
        "good": ca.issue_cert("localhost", "127.0.0.1"),
        "expired": ca.issue_cert("localhost", "127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)),
        "wrong-name": ca.issue_cert("mail.elsewhere.example"),
        "client": ca.issue_cert("alerts@example.com", common_name="alert-sender"),
    }
    for name, certificate in issued.items():
        certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}.pem"))
    yield folder
    shutil.rmtree(folder)
