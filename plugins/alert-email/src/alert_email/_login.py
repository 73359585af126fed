"""The ways to log in to a mail server that this channel knows."""

from __future__ import annotations

import hmac
import smtplib

__all__ = ["MECHANISMS", "log_in"]

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
"""In the order of preference on an encrypted connection."""


def log_in(smtp: smtplib.SMTP, *, offered: set[str], user: str, password: str) -> None:
    """Log in by the best mechanism that the server offers, and by that one only.

    `smtplib.login` tries one after the other, which makes three wrong guesses out of one wrong password and locks accounts,
    and it keeps the password.

    Raises:
        SMTPAuthenticationError: The server refuses them.
        UnicodeError: They cannot be sent.
    """
    encrypted = hasattr(smtp.sock, "cipher")
    order = MECHANISMS if encrypted else MECHANISMS[::-1]
    mechanism = next(name for name in order if name in offered)
    turns = iter((user, password))

    def answer(challenge: bytes | None = None) -> str:
        if mechanism == "PLAIN":
            return f"\0{user}\0{password}"
        if mechanism == "LOGIN":
            return next(turns, "")
        return f"{user} {hmac.new(password.encode('ascii'), challenge, 'md5').hexdigest()}"

    smtp.auth(mechanism, answer, initial_response_ok=mechanism == "PLAIN")
