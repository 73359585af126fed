"""The REST API of the manager, as far as it is about notifications."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from alert_core import DeliveryError, Secret, SecretError
from alert_sepm._https import Answer, Https
from alert_sepm.settings import ManagerSettings

__all__ = ["Manager", "Refusal", "identity"]

_ROOT = "/sepm/api/v1"
_TOKEN_SECONDS = 43_199
_RENEWED_AFTER = 0.9
_UNAUTHORIZED = 401
_TRY_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
_MOST_PAGES = 1000
_LONGEST_WORDS = 300


class _Token(msgspec.Struct):
    token: str
    token_expiration: float = msgspec.field(default=_TOKEN_SECONDS, name="tokenExpiration")


class _Critical(msgspec.Struct):
    entries: list[dict[str, Any]] = msgspec.field(name="criticalEventsInfoList")
    total: int = msgspec.field(default=0, name="totalUnacknowledgedMessages")


class Refusal(DeliveryError):
    """The manager answered, and not with yes."""

    def __init__(self, problem: str, answer: Answer) -> None:
        wait = float(answer.retry_after) if answer.retry_after.isdecimal() and len(answer.retry_after) < 7 else None
        super().__init__(problem, retryable=answer.status in _TRY_AGAIN, retry_after=wait)
        self.status = answer.status


class Manager:
    """One manager, logged in to when something is asked of it.

    Args:
        settings: Where it is and who asks.
        reveal: Looks a secret up.
        name: What the manager is told that the program is called; it keeps a token for each.
    """

    def __init__(self, settings: ManagerSettings, reveal: Callable[[Secret], str], *, name: str) -> None:
        self._settings, self._reveal = settings, reveal
        self._app = f"alert-{name}-{secrets.token_hex(4)}"
        self._https = Https(
            settings.server, settings.port, tls=settings.tls, reveal=self._revealed, seconds=settings.wait_seconds
        )
        self._token, self._good_until = "", 0.0

    def critical_events(self) -> list[dict[str, Any]]:
        """All critical events that nobody has acknowledged.

        The manager gives all of them at once and ignores which page it is asked for. Should one give pages, all are fetched.

        Raises:
            DeliveryError: It does not give them.
        """
        found: dict[str, dict[str, Any]] = {}
        for page in self._pages():
            before = len(found)
            found |= {identity(entry): entry for entry in page.entries}
            if len(found) == before or page.total <= len(found):
                break
        return list(found.values())

    def acknowledge(self, event_id: str) -> None:
        """Acknowledge a critical event.

        Raises:
            DeliveryError: It is not acknowledged.
        """
        self._ask("POST", f"/events/acknowledge/{quote(event_id, safe='')}")

    def post_notification(self, fields: Mapping[str, str]) -> None:
        """Add an external notification.

        Raises:
            DeliveryError: It is not taken.
        """
        self._ask("POST", "/events/notifications", msgspec.json.encode(fields))

    def close(self) -> None:
        """Give the connection up."""
        self._https.close()

    def _pages(self) -> Iterator[_Critical]:
        query, size = "includeAcknowledged=false", 0
        for number in range(1, _MOST_PAGES):
            answer = self._ask("GET", f"/events/critical?{query}")
            page = self._read(answer, _Critical)
            yield page
            size = size or len(page.entries)
            query = f"includeAcknowledged=false&pageIndex={number + 1}&pageSize={size}"

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Ask as somebody who is logged in; when the token has lost its worth, with a new one."""
        renewed = time.monotonic() >= self._good_until
        if renewed:
            self._log_in()
        answer = self._send(method, path, body)
        if answer.status == _UNAUTHORIZED and not renewed:
            self._log_in()
            answer = self._send(method, path, body)
        if not 200 <= answer.status < 300:
            if answer.status == _UNAUTHORIZED:
                self._good_until = 0.0
            raise Refusal(f"{self._https.place} answers {_words(answer)}", answer)
        return answer

    def _send(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "User-Agent": "alert-sepm"}
        if method == "POST":
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body or b""))}
        return self._https.request(method, _ROOT + path, headers=headers, body=body)

    def _log_in(self) -> None:
        settings = self._settings
        who = {"username": settings.user, "password": self._revealed(settings.password), "domain": settings.domain}
        headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "alert-sepm"}
        path = f"{_ROOT}/identity/authenticate?appName={quote(self._app, safe='')}"
        answer = self._https.request("POST", path, headers=headers, body=msgspec.json.encode(who))
        if not 200 <= answer.status < 300:
            raise Refusal(f"{self._https.place} does not log {settings.user!r} in: it answers {answer.status}", answer)
        token = self._read(answer, _Token)
        if not (token.token.isascii() and token.token.isprintable()):
            raise DeliveryError(f"{self._https.place} gives a token that cannot be sent back")
        self._token = token.token
        self._good_until = time.monotonic() + _RENEWED_AFTER * token.token_expiration

    def _read(self, answer: Answer, kind: type[Any]) -> Any:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            # What the answer holds may be the token.
            raise DeliveryError(f"{self._https.place} answers something else than was asked for") from error

    def _revealed(self, secret: Secret) -> str:
        try:
            return self._reveal(secret)
        except SecretError as error:
            raise DeliveryError(str(error)) from error


def identity(entry: Mapping[str, Any]) -> str:
    """What tells an event from all others."""
    return str(entry.get("eventId") or msgspec.json.encode(entry, order="sorted").decode())


def _words(answer: Answer) -> str:
    """The status, and the manager's explanation if it gives one."""
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = None
    text = str(said.get("errorMessage") or "") if isinstance(said, dict) else ""
    line = "".join(c if c.isprintable() else " " for c in text[:_LONGEST_WORDS]).strip()
    return f"{answer.status}: {line}" if line else str(answer.status)
