"""The way from a URL to a kept connection; plugs into the library as its transport adapter."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util import ssl_wrap_socket

from alert_core import DeliveryError, Secret
from alert_core.tls import ClientTls, client_context
from alert_web._credentials import for_proxy
from alert_web._deadline import Deadline, TimedResponse
from alert_web._dial import Dialer, Networks, ProxyServer
from alert_web.settings import WebSettings
from alert_web.tables import Proxy, host_name

__all__ = ["Adapter", "Origin", "origin_of"]

Reveal = Callable[[Secret], str]


_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Origin:
    """What a connection leads to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port != _PORTS[self.scheme] else host


def origin_of(url: str) -> Origin:
    """Where a URL leads.

    Raises:
        ValueError: Nowhere.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("neither http nor https")
    return Origin(parts.scheme, host_name(parts.hostname or ""), parts.port or _PORTS[parts.scheme])


class Adapter(HTTPAdapter):
    """Keeps one connection to each server, made with the settings of one action.

    Args:
        settings: The action's settings.
        reveal: Looks a secret up.
        deadline: When to give up.
    """

    def __init__(self, settings: WebSettings, reveal: Reveal, deadline: Deadline) -> None:
        super().__init__()
        self._settings, self._reveal, self._deadline = settings, reveal, deadline
        self._home = origin_of(settings.address)
        self._dialer = Dialer(Networks(settings.allow_networks, settings.deny_networks), deadline)
        self._proxy = _proxy_server(settings.proxy, settings, reveal) if settings.proxy else None
        self._pools: dict[Origin, HTTPConnectionPool] = {}
        self._proxies: dict[Origin, ProxyServer | None] = {}

    def forwarding(self, url: str) -> ProxyServer | None:
        """The proxy that gets the request itself, not just a tunnel; if there is one."""
        if not url.startswith("http:") or (self._proxy is None and not self._settings.proxy_from_environment):
            return None
        return self._proxy_for(origin_of(url))

    def close(self) -> None:
        """Give the connections up; the next request makes new ones, and reads certificates again."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        self._proxies.clear()
        super().close()

    def get_connection_with_tls_context(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        origin = origin_of(request.url or "")
        if origin not in self._pools:
            if origin != self._home:  # redirected there: not for long, and not many at a time
                self.close()
            self._pools[origin] = self._pool(origin)
        return self._pools[origin]

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the pool's context verifies."""

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        url = request.url or ""
        return url.partition("#")[0] if self.forwarding(url) else request.path_url

    def add_headers(self, request: requests.PreparedRequest, **kwargs: Any) -> None:
        url = request.url or ""
        if (proxy := self.forwarding(url)) and (proof := proxy.credentials.header(str(request.method), url.partition("#")[0])):
            request.headers["Proxy-Authorization"] = proof

    def _pool(self, origin: Origin) -> HTTPConnectionPool:
        proxy, host, port = self._proxy_for(origin), origin.host, origin.port
        if origin.scheme == "http":
            return _Pool(host, port, call=partial(self._dialer.open, host, port, proxy=proxy), deadline=self._deadline)
        tls = self._settings.tls if origin == self._home else _trusting(self._settings)
        kind = _NestedPool if proxy and proxy.context else _TlsPool
        return kind(
            host,
            port,
            call=partial(self._dialer.open, host, port, proxy=proxy, tunnelled=True),
            deadline=self._deadline,
            ssl_context=client_context(tls, self._reveal),
            server_hostname=tls.server_name or host,
        )

    def _proxy_for(self, origin: Origin) -> ProxyServer | None:
        if not self._settings.proxy_from_environment:
            return self._proxy
        if origin not in self._proxies:
            self._proxies[origin] = self._from_environment(f"{origin.scheme}://{origin}/")
        return self._proxies[origin]

    def _from_environment(self, url: str) -> ProxyServer | None:
        proxy = select_proxy(url, get_environ_proxies(url))
        if not proxy:
            return None
        try:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            table = Proxy.model_validate(
                {"host": parts.hostname, "port": parts.port or _PORTS[parts.scheme], "protocol": parts.scheme}
                | ({"user": user, "password": password} if user else {})
            )
        except (ValueError, KeyError):
            # Not chained: what the environment says may hold a password.
            raise DeliveryError("the proxy that the environment names is none that can be used", retryable=False) from None
        return _proxy_server(table, self._settings, self._reveal)


def _proxy_server(proxy: Proxy, settings: WebSettings, reveal: Reveal) -> ProxyServer:
    context = partial(client_context, _trusting(settings), reveal) if proxy.protocol == "https" else None
    return ProxyServer(host=proxy.host.strip("[]"), port=proxy.port, credentials=for_proxy(proxy, reveal), context=context)


def _trusting(settings: WebSettings) -> ClientTls:
    """The same trust, without showing who this end is: for everyone but the configured server."""
    return ClientTls(ca_file=settings.tls.ca_file, minimum_version=settings.tls.minimum_version)


class _Connection(HTTPConnection):
    """A connection that is opened by a call, and whose answers are read until the deadline."""

    def __init__(self, *args: Any, call: Callable[[], socket.socket], deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._call = call
        self._written: list[bytes] | None = None
        # Declared as a class, used as a call.
        self.response_class = partial(TimedResponse, deadline=deadline)  # type: ignore[assignment]

    def request(self, *args: Any, **kwargs: Any) -> None:
        # Headers and body in one piece: one packet and one system call less for most notifications.
        self._written = []
        try:
            super().request(*args, **kwargs)
            piece = b"".join(self._written)
        finally:
            self._written = None
        self.send(piece)

    def send(self, data: Any) -> None:
        if self._written is None:
            super().send(data)
        else:
            self._written.append(data)

    def _new_conn(self) -> socket.socket:
        try:
            return self._call()
        except OSError as error:
            # The library overlooks some errors of the system, taking them for those of a connection that was made.
            raise NewConnectionError(self, "no connection") from error


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _NestedConnection(_TlsConnection):
    """TLS inside the TLS of the line to a proxy."""

    def connect(self) -> None:
        assert self.ssl_context is not None
        line = self._new_conn()
        try:
            self.sock = ssl_wrap_socket(
                line, ssl_context=self.ssl_context, server_hostname=self.server_hostname, tls_in_tls=True
            )
        except BaseException:
            line.close()
            raise
        self.is_verified = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _NestedPool(HTTPSConnectionPool):
    ConnectionCls = _NestedConnection
