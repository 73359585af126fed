"""Connections to addresses that are allowed, and through a proxy to names that it looks up."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from alert_core import DeliveryError
from alert_web._answers import TRY_AGAIN, clean, trouble
from alert_web._credentials import Credentials
from alert_web._deadline import Deadline, TimedResponse

_NAT64 = IPv6Network("64:ff9b::/96")

__all__ = ["Dialer", "Networks", "ProxyServer"]


class Networks:
    """Which addresses may be connected to.

    Args:
        allowed: Networks in CIDR notation; none means all.
        denied: Networks that are out in any case.
    """

    def __init__(self, allowed: Sequence[str], denied: Sequence[str]) -> None:
        self._allowed = [ip_network(text) for text in allowed]
        self._denied = [ip_network(text) for text in denied]

    def hold(self, address: str) -> bool:
        """Whether this very address may be connected to."""
        faces = _faces(address)
        return not any(ip in network for network in self._denied for ip in faces) and (
            not self._allowed or any(faces[-1] in network for network in self._allowed)
        )


def _faces(address: str) -> list[IPv4Address | IPv6Address]:
    """An address, and last the IPv4 address that it is another way to write, or that is reached by it."""
    ip = ip_address(address.partition("%")[0])
    if ip.is_unspecified:  # "any address" leads to this computer
        return [IPv6Address("::1"), IPv4Address("127.0.0.1")]
    if isinstance(ip, IPv4Address):
        return [ip]
    inner = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
    return [ip, inner] if inner else [ip]


@dataclass(frozen=True, kw_only=True)
class ProxyServer:
    """A proxy, ready to be used.

    Attributes:
        host: Its name or address.
        port: Its TCP port.
        credentials: What it asks for.
        context: How to encrypt the connection to the proxy itself; `None` for not at all.
    """

    host: str
    port: int
    credentials: Credentials
    context: Callable[[], ssl.SSLContext] | None = None

    def __str__(self) -> str:
        return f"proxy {self.host}:{self.port}"


class Dialer:
    """Opens sockets.

    Args:
        networks: What may be connected to. The address is checked, not the name, at the moment it is used.
        deadline: When to give up.
    """

    def __init__(self, networks: Networks, deadline: Deadline) -> None:
        self._networks, self._deadline = networks, deadline

    def open(self, host: str, port: int, *, proxy: ProxyServer | None = None, tunnelled: bool = False) -> socket.socket:
        """What requests to a server are written to: a connection to it, to a proxy, or through one.

        Raises:
            DeliveryError: The networks do not allow it, or the proxy does not help.
            OSError: The server takes no connection.
        """
        if proxy is None:
            return self._connect(host, port)
        return self._tunnel(proxy, host, port) if tunnelled else self._connect_proxy(proxy)

    def _connect(self, host: str, port: int) -> socket.socket:
        """A connection to the first address that takes one."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        allowed = [each for each in found if self._networks.hold(str(each[4][0]))]
        if not allowed:
            raise DeliveryError(
                f"{host} leads to {found[0][4][0]}, where allow_networks and deny_networks let nothing go", retryable=False
            )
        fault: OSError = OSError(f"no address for {host}")
        for place, (family, _, _, _, address) in enumerate(allowed):
            try:
                return self._open(family, address, share=len(allowed) - place)
            except OSError as error:
                fault = error
        raise fault

    def _connect_proxy(self, proxy: ProxyServer) -> socket.socket:
        context = proxy.context() if proxy.context else None
        with self._blaming(proxy):
            sock = self._connect(proxy.host, proxy.port)
            return context.wrap_socket(sock, server_hostname=proxy.host) if context else sock

    def _tunnel(self, proxy: ProxyServer, host: str, port: int) -> socket.socket:
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        for asked in (False, True):
            with ExitStack() as unless_used:
                # A proxy may end the connection with its challenge, so that the proof travels over a new one.
                sock = unless_used.enter_context(self._connect_proxy(proxy))
                with self._blaming(proxy):
                    answer = self._ask(sock, target, proxy.credentials.header("CONNECT", target))
                if 200 <= answer.status < 300:
                    unless_used.pop_all()
                    return sock
            challenges = answer.msg.get_all("Proxy-Authenticate", ())
            if asked or answer.status != 407 or not proxy.credentials.challenged(challenges):
                break
        problem = f"{proxy} answers {answer.status} {clean(answer.reason)}".strip()
        raise DeliveryError(f"{problem} when asked for {target}", retryable=answer.status in TRY_AGAIN)

    @contextmanager
    def _blaming(self, proxy: ProxyServer) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        except (OSError, HTTPException) as error:
            raise DeliveryError(f"{proxy} {trouble(error, round(time.monotonic() - begun, 1))}") from error

    def _open(self, family: int, address: tuple[object, ...], *, share: int) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            # Addresses that do not answer leave time for those that follow.
            sock.settimeout(self._deadline.left() / share)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        sock.settimeout(self._deadline.left())
        return sock

    def _ask(self, sock: socket.socket, target: str, credentials: str) -> TimedResponse:
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", "User-Agent: alert-web"]
        lines += [f"Proxy-Authorization: {credentials}"] if credentials else []
        sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = TimedResponse(sock, method="CONNECT", deadline=self._deadline)
        answer.begin()
        answer.close()
        return answer
