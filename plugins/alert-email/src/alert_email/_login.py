"""The ways to log in to a mail server that this channel knows."""

from __future__ import annotations

import base64
import binascii
import hmac
import smtplib
from collections.abc import Callable
from typing import TYPE_CHECKING

from alert_core import Secret
from alert_email._connection import Connection, readable
from alert_email.settings import EmailSettings

if TYPE_CHECKING:
    from alert_email._oauth import Tokens

__all__ = ["Login", "LoginImpossible"]

_PASSWORD_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")  # in the order of preference on an encrypted connection
_TOKEN_MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
_LONGEST_DIALOGUE = 4


class LoginImpossible(Exception):
    """The server offers no way to log in that is known here and that the settings allow."""


class Login:
    """Logs in as the settings say.

    Args:
        settings: User, and password or token.
        reveal: Gives the value of a secret when it is needed, so that it is kept nowhere.
        tokens: Where access tokens come from; needed with `settings.oauth`.
    """

    def __init__(self, settings: EmailSettings, *, reveal: Callable[[Secret], str], tokens: Tokens | None) -> None:
        self._settings, self._reveal, self._tokens = settings, reveal, tokens

    @property
    def wanted(self) -> bool:
        """Whether there is anything to log in with."""
        return self._settings.password is not None or self._tokens is not None

    def log_in(self, smtp: Connection) -> None:
        """Log in by the best way that the server offers, and by that one only.

        `smtplib.login` tries one after the other, which makes three wrong guesses out of one wrong password and locks accounts,
        and it keeps the password.

        Raises:
            LoginImpossible: There is no way.
            SMTPAuthenticationError: The server refuses.
            DeliveryError: There is no token or password to log in with.
        """
        mechanism = self._choose(smtp)
        challenged = self._answers(mechanism)
        first = "" if mechanism in ("LOGIN", "CRAM-MD5") else f" {_encoded(challenged(b''))}"
        code, said = smtp.docmd(f"AUTH {mechanism}{first}")
        for _ in range(_LONGEST_DIALOGUE):
            if code != 334:
                break
            code, said = smtp.docmd(_encoded(challenged(said)))
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, said)

    def try_another_token(self) -> bool:
        """After a refusal: whether there may be a better token than the one that was refused, which is forgotten."""
        return self._tokens is not None and self._tokens.forget()

    def _choose(self, smtp: Connection) -> str:
        offered = set(smtp.esmtp_features.get("auth", "").upper().split())
        if not offered:
            raise LoginImpossible("offers no authentication; remove password and oauth, or connect with encryption")
        possible = self._possible(smtp.encrypted)
        chosen = next((name for name in possible if name in offered), None)
        if chosen is None:
            names = readable(" ".join(sorted(offered)))
            ntlm = "NTLM (Secure Password Authentication) is not supported, " if {"NTLM", "GSSAPI"} & offered else ""
            raise LoginImpossible(f"demands authentication by {names}; {ntlm}allow {' or '.join(possible)} there")
        return chosen

    def _possible(self, encrypted: bool) -> tuple[str, ...]:
        if self._settings.auth != "auto":
            return (self._settings.auth.upper(),)
        if self._tokens is not None:
            return _TOKEN_MECHANISMS
        # In clear text, rather the one that does not show the password.
        return _PASSWORD_MECHANISMS if encrypted else _PASSWORD_MECHANISMS[::-1]

    def _answers(self, mechanism: str) -> Callable[[bytes], str]:
        """What to answer, challenge by challenge; where the client begins, the first challenge is empty."""
        user = self._settings.user
        if self._tokens is not None:
            turns = iter(_token_turns(mechanism, user, self._tokens.token(), self._settings))
            return lambda _: next(turns, "")
        password = self._reveal(self._settings.password) if self._settings.password else ""
        if mechanism == "CRAM-MD5":
            return lambda challenge: f"{user} {_proof(password, challenge)}"
        turns = iter((f"\0{user}\0{password}",) if mechanism == "PLAIN" else (user, password))
        return lambda _: next(turns, "")


def _token_turns(mechanism: str, user: str, token: str, settings: EmailSettings) -> tuple[str, str]:
    """What is said first, and what is said when the server explains why it refuses, so that it can refuse."""
    if mechanism == "XOAUTH2":
        return f"user={user}\x01auth=Bearer {token}\x01\x01", ""
    name = user.replace("=", "=3D").replace(",", "=2C")
    place = f"host={settings.server}\x01port={settings.effective_port}"
    return f"n,a={name},\x01{place}\x01auth=Bearer {token}\x01\x01", "\x01"


def _proof(password: str, challenge: bytes) -> str:
    """Shows that the password is known, without showing it."""
    try:
        return hmac.new(password.encode(), base64.b64decode(challenge), "md5").hexdigest()
    except binascii.Error:
        raise smtplib.SMTPException("its challenge cannot be read") from None


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
