"""How a request says who sends it, to a server or to a proxy."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Protocol

from alert_core import Secret
from alert_web._composer import wire_text
from alert_web._digest import Digest
from alert_web.settings import WebSettings
from alert_web.tables import Proxy

__all__ = ["Credentials", "for_proxy", "for_server"]

Reveal = Callable[[Secret], str]


class Credentials(Protocol):
    """What fills the header `Authorization` or `Proxy-Authorization`."""

    def header(self, method: str, target: str) -> str:
        """The value for a request; empty for none."""

    def challenged(self, headers: Iterable[str]) -> bool:
        """Whether the same request should be sent again, now that it was refused with these headers."""


class _Fixed:
    """The same for every request."""

    def __init__(self, value: Callable[[], str]) -> None:
        self._value = value

    def header(self, method: str, target: str) -> str:
        return self._value()

    def challenged(self, headers: Iterable[str]) -> bool:
        return False


def for_server(settings: WebSettings, reveal: Reveal) -> Credentials:
    """The credentials for the web server."""
    token = settings.token
    if token is not None:
        return _Fixed(lambda: wire_text(f"Bearer {reveal(token)}"))
    return _for_account(settings.auth, settings.user, settings.password, reveal)


def for_proxy(proxy: Proxy, reveal: Reveal) -> Credentials:
    """The credentials for a proxy."""
    return _for_account(proxy.auth, proxy.user, proxy.password, reveal)


def _for_account(kind: str, user: str, password: Secret | None, reveal: Reveal) -> Credentials:
    if password is None:
        return _Fixed(lambda: "")
    if kind == "digest":
        return Digest(user, lambda: reveal(password))
    return _Fixed(lambda: f"Basic {b64encode(f'{user}:{reveal(password)}'.encode()).decode()}")
