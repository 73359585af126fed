"""A kept connection to one mail server."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from alert_core import DeliveryError
from alert_email._login import MECHANISMS, log_in
from alert_email.settings import EmailSettings

__all__ = ["Accepted", "Mailer"]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What the server said when it took a mail."""

    reply: str
    refused: dict[str, str] = field(default_factory=dict)


class Mailer:
    """Hands mails to one server, over one connection for as long as that lasts.

    Args:
        settings: Which server, and how.
        password: Gives the password when it is needed, so that it is kept nowhere.
    """

    def __init__(self, settings: EmailSettings, password: Callable[[], str]) -> None:
        self._settings = settings
        self._password = password
        self._recipients = settings.recipients
        self._smtp: smtplib.SMTP | None = None
        self._place = f"mail server {settings.server}:{settings.effective_port}"

    def deliver(self, sender: str, mail: bytes) -> Accepted:
        """Hand over one mail.

        Raises:
            DeliveryError: No recipient gets it.
        """
        try:
            smtp = self._begin(sender)
            refused = self._name_recipients(smtp)
            return Accepted(reply=self._checked(smtp.data(mail)), refused=refused)
        except DeliveryError:
            self._drop()
            raise
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

    def _begin(self, sender: str) -> smtplib.SMTP:
        """Open a transaction. Servers drop idle connections, so a kept one that fails here is replaced, once."""
        if self._smtp is not None:
            with suppress(OSError):
                if self._smtp.mail(sender)[0] == 250:
                    return self._smtp
            self._drop()
        self._smtp = self._connect()
        self._checked(self._smtp.mail(sender))
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        place, wait, name = (settings.server, settings.effective_port), settings.wait_seconds, _own_name()
        if settings.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(*place, local_hostname=name, timeout=wait, context=self._tls())
        else:
            smtp = smtplib.SMTP(*place, local_hostname=name, timeout=wait)
        try:
            smtp.ehlo_or_helo_if_needed()
            self._secure(smtp)
            self._log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _secure(self, smtp: smtplib.SMTP) -> None:
        if self._settings.security in ("none", "tls"):
            return
        if smtp.has_extn("starttls"):
            smtp.starttls(context=self._tls())
            smtp.ehlo_or_helo_if_needed()
        elif self._settings.security == "starttls":
            self._refuse('does not offer STARTTLS; set security to "tls", "starttls-if-offered" or "none"')

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._settings.ca_file)
        if self._settings.security == "starttls-if-offered":
            # Whoever can pose as the server can as well not offer encryption: checking would only break honest servers.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if self._settings.password is None:
            return
        offered = set(smtp.esmtp_features.get("auth", "").upper().split())
        if not offered:
            self._refuse("offers no authentication; leave the password blank or connect with encryption")
        if not offered.intersection(MECHANISMS):
            names = _clean(" ".join(sorted(offered)).encode())
            ntlm = "NTLM (Secure Password Authentication) is not supported, " if "NTLM" in offered else ""
            self._refuse(f"demands authentication by {names}; {ntlm}allow {' or '.join(MECHANISMS)} there")
        try:
            log_in(smtp, offered=offered, user=self._settings.user, password=self._password())
        except UnicodeError:
            # Not chained: the error holds the password.
            raise DeliveryError("user name and password must be ASCII for this mail server", retryable=False) from None

    def _name_recipients(self, smtp: smtplib.SMTP) -> dict[str, str]:
        answers = {address: smtp.rcpt(address) for address in self._recipients}
        refused = {address: answer for address, answer in answers.items() if answer[0] not in (250, 251)}
        if len(refused) == len(answers):
            listed = ", ".join(f"{address}: {_said(answer)}" for address, answer in refused.items())
            retryable = any(code < 500 for code, _ in refused.values())
            raise DeliveryError(f"{self._place} refuses every recipient: {listed}", retryable=retryable)
        return {address: _said(answer) for address, answer in refused.items()}

    def _checked(self, answer: tuple[int, bytes]) -> str:
        if answer[0] != 250:
            raise DeliveryError(f"{self._place} answers: {_said(answer)}", retryable=answer[0] < 500)
        return _said(answer)

    def _refuse(self, problem: str) -> NoReturn:
        raise DeliveryError(f"{self._place} {problem}", retryable=False)

    def _fail(self, error: OSError) -> NoReturn:
        """Tell in one line what the library raised."""
        if isinstance(error, smtplib.SMTPAuthenticationError):
            # Not chained and without the server's words: a careless server repeats what it was sent.
            raise DeliveryError(
                f"{self._place} refuses user name or password ({error.smtp_code})", retryable=error.smtp_code < 500
            ) from None
        if isinstance(error, smtplib.SMTPResponseException):
            text = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
            problem, retryable = f"answers: {_said((error.smtp_code, text))}", not 500 <= error.smtp_code < 600
        elif isinstance(error, ssl.SSLCertVerificationError):
            problem, retryable = f"has a certificate that is not trusted: {error.verify_message}", True
        elif isinstance(error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error, TimeoutError):
            problem, retryable = f"did not answer within {self._settings.wait_seconds:g} seconds", True
        else:
            problem, retryable = f"cannot be used: {getattr(error, 'strerror', None) or error}", True
        raise DeliveryError(f"{self._place} {problem}", retryable=retryable) from error


def _own_name() -> str:
    """The name for EHLO: the computer's if it is a full one, else an address literal; never a slow look-up."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name) else "[127.0.0.1]"


def _said(answer: tuple[int, bytes]) -> str:
    return f"{answer[0]} {_clean(answer[1])}".strip()


def _clean(text: bytes) -> str:
    """A server's words in one line, without control characters, not longer than a person reads."""
    printable = "".join(c if c.isprintable() else " " for c in text[:600].decode("utf-8", "replace"))
    return " ".join(printable.split())[:300]
