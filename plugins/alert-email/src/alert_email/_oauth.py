"""Access tokens: fetched when they are needed, kept in memory as long as they are valid."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from alert_core import DeliveryError, Secret
from alert_core.tls import ClientTls, client_context
from alert_email.settings import OAuthSettings

__all__ = ["Tokens"]

_EARLY_SECONDS = 60  # so that a token does not end on its way
_LONGEST_ANSWER = 64 * 1024
_TOKEN = re.compile(r"[\x21-\x7e]+")
_FOR_NOW = (408, 425, 429)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Secrets go to the address that is set, and to no other."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Tokens:
    """Gives access tokens.

    Args:
        settings: Where they come from.
        reveal: Gives the value of a secret.
        folder: Keeps the refresh token, when the token server gives a new one for the one that is set.
        wait_seconds: How long the token server may take to answer.
    """

    def __init__(self, settings: OAuthSettings, *, reveal: Callable[[Secret], str], folder: Path, wait_seconds: float) -> None:
        self._settings, self._reveal, self._folder, self._wait_seconds = settings, reveal, folder, wait_seconds
        self._token, self._end = "", 0.0
        self._used = False

    def token(self) -> str:
        """A token that is valid, as far as this end can know.

        Raises:
            DeliveryError: The token server gives none.
            SecretError: A secret's reference leads nowhere.
        """
        if self._settings.access_token is not None:
            return self._reveal(self._settings.access_token)
        self._used = bool(self._token) and time.monotonic() < self._end
        if not self._used:
            self._fetch()
        return self._token

    def forget(self) -> bool:
        """Forget the token, which was refused; says whether fetching another makes sense: it does unless it was new."""
        used, self._token, self._used = self._used, "", False
        return used

    def _fetch(self) -> None:
        answer = self._ask(dict(self._request()))
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise DeliveryError(f"token server {self._settings.token_url} answers without an access token")
        lifetime = float(seconds) if isinstance(seconds, int | float | str) and str(seconds).isdigit() else float("inf")
        self._token, self._end = token, time.monotonic() + lifetime - _EARLY_SECONDS
        if isinstance(another := answer.get("refresh_token"), str) and self._settings.refresh_token:
            self._keep(another)

    def _request(self) -> Iterator[tuple[str, str]]:
        settings = self._settings
        yield "grant_type", settings.grant
        yield "client_id", settings.client_id
        if settings.client_secret:
            yield "client_secret", self._reveal(settings.client_secret)
        if settings.grant == "refresh_token" and settings.refresh_token:
            yield "refresh_token", self._refresh_token(self._reveal(settings.refresh_token))
        if settings.scope:
            yield "scope", settings.scope

    def _ask(self, fields: dict[str, str]) -> dict[str, Any]:
        place = f"token server {self._settings.token_url}"
        context = client_context(ClientTls(ca_file=self._settings.ca_file), self._reveal)
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))
        request = urllib.request.Request(  # noqa: S310 the settings allow https only, and http to this computer
            self._settings.token_url, urlencode(fields).encode(), {"Accept": "application/json"}
        )
        try:
            with opener.open(request, timeout=self._wait_seconds) as answer:
                return _table(answer.read(_LONGEST_ANSWER))
        except urllib.error.HTTPError as error:
            with error:
                why = _reason(error.read(_LONGEST_ANSWER), fields)
            retryable = error.code >= 500 or error.code in _FOR_NOW
            raise DeliveryError(f"{place} refuses ({error.code}){why}", retryable=retryable) from None
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(f"{place} {_trouble(error)}") from error

    # --- providers that give a new refresh token with every access token, and let the old one end

    def _refresh_token(self, configured: str) -> str:
        with suppress(FileNotFoundError):
            return self._place(configured).read_text(encoding="utf-8")
        return configured

    def _keep(self, token: str) -> None:
        assert self._settings.refresh_token is not None
        place = self._place(self._reveal(self._settings.refresh_token))
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(f".{os.getpid()}-{id(self)}")
        draft.touch(mode=0o600)
        draft.write_text(token, encoding="utf-8")
        draft.replace(place)

    def _place(self, configured: str) -> Path:
        """Named after the token that is set, so that setting another begins anew."""
        return self._folder / f"refresh-token-{hashlib.sha256(configured.encode()).hexdigest()[:16]}"


def _table(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _reason(content: bytes, fields: dict[str, str]) -> str:
    """The token server's own words, in one line, without what it was sent."""
    answer = _table(content)
    words = ": ".join(str(answer[name]) for name in ("error", "error_description") if name in answer)
    for name in ("client_secret", "refresh_token"):
        if secret := fields.get(name):
            words = words.replace(secret, "***")
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())[:300]
    return f": {line}" if line else ""


def _trouble(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return "did not answer in time"
    return f"cannot be used: {getattr(cause, 'strerror', None) or cause}"
