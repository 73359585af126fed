"""Proves this distribution's quality level to `alert plugins --check email`; needs `pip install 'alert-email[testing]'`."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_email.plugin import EmailAction

__all__ = ["EmailConformance"]


class _Mailbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope.original_content or b"")
        return "250 taken"


class EmailConformance(ActionConformance):
    """The e-mail action against a mail server on loopback."""

    action = EmailAction
    settings: ClassVar[Mapping[str, Any]] = {
        "server": "mail.example.com",
        "user": "alert@example.com",
        "password": "s3cret-password",
        "to": ["Ann <ann@example.com>", "bob@example.com"],
    }
    unreachable: ClassVar[Mapping[str, Any]] = {**settings, "server": "127.0.0.1", "port": 1}
    time_limit_seconds = 5.0

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[Mapping[str, Any]]:
        """A mail server that takes everything."""
        self._mailbox = _Mailbox()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        controller = Controller(self._mailbox, hostname="127.0.0.1", port=port)
        controller.start()
        yield {"server": "127.0.0.1", "port": port, "security": "none", "to": "ann@example.com"}
        controller.stop()

    def arrived(self) -> list[str]:
        """The mails, as text."""
        return [message_from_bytes(mail).as_string() for mail in self._mailbox.mails]

    def aim(self, host: str, port: int) -> Mapping[str, Any]:
        """A mail server without encryption."""
        return {"server": host, "port": port, "security": "none", "to": "ann@example.com", "wait_seconds": 0.5}

    def aim_tls(self, host: str, port: int) -> Mapping[str, Any]:
        """A mail server with TLS from the first byte."""
        return {**self.aim(host, port), "security": "tls", "user": "alert@example.com", "password": "s3cret-password"}
