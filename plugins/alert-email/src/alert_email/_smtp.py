"""A kept connection to one mail server, and what its answers mean."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from alert_core import DeliveryError, Secret
from alert_core.tls import client_context
from alert_email._connection import Answer, Connection, readable
from alert_email._login import Login, LoginImpossible
from alert_email.settings import EmailSettings

__all__ = ["ContentRefused", "Mailer", "Outcome"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the server said to a mail.

    Attributes:
        reply: Its words when it took it; empty when it refused every recipient.
        refused: Who was refused for good, and why.
        later: Who was refused for now, and why.
    """

    reply: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)


class ContentRefused(DeliveryError):
    """The server does not like what stands in the mail; another mail may be taken."""


class Mailer:
    """Hands mails to one server, over one connection for as long as that lasts.

    Args:
        settings: Which server, and how.
        login: Logs in.
        reveal: Gives the value of a secret when it is needed, so that it is kept nowhere.
    """

    def __init__(self, settings: EmailSettings, *, login: Login, reveal: Callable[[Secret], str]) -> None:
        self._settings, self._login, self._reveal = settings, login, reveal
        self._smtp: Connection | None = None
        self.place = f"mail server {settings.server}:{settings.effective_port}"

    def deliver(self, sender: str, recipients: Sequence[str], mail: bytes) -> Outcome:
        """Hand over one mail.

        Raises:
            DeliveryError: Nobody gets it, for another reason than who they are.
        """
        try:
            # Only addresses can make it necessary, in the envelope or in a header: all other text is encoded.
            utf8 = not (mail.isascii() and "".join((sender, *recipients)).isascii())
            smtp, answers = self._begin(sender, recipients, utf8=utf8)
            outcome = _sorted(dict(zip(recipients, answers, strict=True)))
            if len(outcome.refused) + len(outcome.later) < len(recipients):
                return self._hand_over(smtp, mail, outcome)
            with suppress(OSError):
                smtp.rset()
            return outcome
        except OSError as error:  # every SMTPException is one
            self._drop()
            self._fail(error)

    def close(self) -> None:
        """Say goodbye, if the server still listens."""
        if self._smtp is not None:
            with suppress(OSError):
                self._smtp.quit()
        self._drop()

    def _drop(self) -> None:
        """Hang up without a word: after a failure nobody may be there to answer one."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _begin(self, sender: str, recipients: Sequence[str], *, utf8: bool) -> tuple[Connection, list[Answer]]:
        """Open a transaction. Servers drop idle connections, so a kept one is checked by this, and replaced."""
        if self._smtp is not None:
            with suppress(OSError):
                begun, *answers = self._say(self._smtp, sender, recipients, utf8=utf8)
                if begun[0] == 250:
                    return self._smtp, answers
        self._drop()
        self._smtp = self._connect()
        begun, *answers = self._say(self._smtp, sender, recipients, utf8=utf8)
        if begun[0] == 530 and not self._login.wanted:
            self._refuse(f"answers: {_said(begun)}; set user and password, or oauth")
        if begun[0] != 250:
            raise smtplib.SMTPResponseException(*begun)
        return self._smtp, answers

    def _say(self, smtp: Connection, sender: str, recipients: Sequence[str], *, utf8: bool) -> list[Answer]:
        """Name sender and recipients."""
        if utf8 and not smtp.has_extn("smtputf8"):
            self._refuse("does not offer SMTPUTF8, which addresses with letters outside ASCII before the @ need")
        smtp.command_encoding = "utf-8" if utf8 else "ascii"
        named = [f"RCPT TO:<{address}>" for address in recipients]
        return smtp.exchange([f"MAIL FROM:<{sender}>{' BODY=8BITMIME SMTPUTF8' if utf8 else ''}", *named])

    def _hand_over(self, smtp: Connection, mail: bytes, outcome: Outcome) -> Outcome:
        try:
            code, words = smtp.data(mail)
        except smtplib.SMTPDataError as error:
            code, words = error.smtp_code, _bytes(error.smtp_error)
        if code == 250:
            return Outcome(reply=_said((code, words)), refused=outcome.refused, later=outcome.later)
        problem = f"{self.place} answers: {_said((code, words))}"
        raise DeliveryError(problem) if code < 500 else ContentRefused(problem, retryable=False)

    # --- connecting

    def _connect(self) -> Connection:
        try:
            return self._connected()
        except smtplib.SMTPAuthenticationError:
            if not self._login.try_another_token():
                raise
            return self._connected()

    def _connected(self) -> Connection:
        settings = self._settings
        smtp = Connection(wait_seconds=settings.wait_seconds)
        try:
            tls = self._tls() if settings.security == "tls" else None
            smtp.open(settings.server, settings.effective_port, tls=tls, server_name=self._server_name)
            smtp.ehlo_or_helo_if_needed()
            self._secure(smtp)
            if self._login.wanted:
                self._login.log_in(smtp)
        except LoginImpossible as error:
            smtp.close()
            self._refuse(str(error))
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _secure(self, smtp: Connection) -> None:
        if self._settings.security in ("none", "tls"):
            return
        if smtp.has_extn("starttls"):
            smtp.encrypt(self._tls(), self._server_name)
        elif self._settings.security == "starttls":
            self._refuse('does not offer STARTTLS; set security to "tls", "starttls-if-offered" or "none"')

    @property
    def _server_name(self) -> str:
        return self._settings.tls.server_name or self._settings.server

    def _tls(self) -> ssl.SSLContext:
        # Whoever can pose as the server can as well not offer encryption: checking would only break honest servers.
        return client_context(self._settings.tls, self._reveal, verify=self._settings.security != "starttls-if-offered")

    # --- failures

    def _refuse(self, problem: str) -> NoReturn:
        raise DeliveryError(f"{self.place} {problem}", retryable=False)

    def _fail(self, error: OSError) -> NoReturn:
        """Tell in one line what the library raised."""
        if isinstance(error, smtplib.SMTPAuthenticationError):
            what = "the access token" if self._settings.oauth else "user name or password"
            # Not chained and without the server's words: a careless server repeats what it was sent.
            raise DeliveryError(f"{self.place} refuses {what} ({error.smtp_code})", retryable=error.smtp_code < 500) from None
        problem, retryable = self._meaning(error)
        raise DeliveryError(f"{self.place} {problem}", retryable=retryable) from error

    def _meaning(self, error: OSError) -> tuple[str, bool]:
        if isinstance(error, smtplib.SMTPResponseException):
            said = _said((error.smtp_code, _bytes(error.smtp_error)))
            return f"answers: {said}", not 500 <= error.smtp_code < 600
        cause = error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate that is not trusted: {cause.verify_message}", True
        if isinstance(cause, TimeoutError):
            return f"did not answer within {self._settings.wait_seconds:g} seconds", True
        return f"cannot be used: {getattr(error, 'strerror', None) or error}", True


def _sorted(answers: dict[str, Answer]) -> Outcome:
    bad = {address: answer for address, answer in answers.items() if answer[0] not in (250, 251)}
    return Outcome(
        refused={address: _said(answer) for address, answer in bad.items() if answer[0] >= 500},
        later={address: _said(answer) for address, answer in bad.items() if answer[0] < 500},
    )


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _said(answer: Answer) -> str:
    return f"{answer[0]} {readable(answer[1].decode('utf-8', 'replace'))}".strip()
