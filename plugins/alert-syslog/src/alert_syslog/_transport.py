"""The ways to a syslog server. Each keeps its socket and opens a new one when the old one turns out to be dead."""

from __future__ import annotations

import select
import socket
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

from alert_core import DeliveryError, Secret
from alert_core.tls import ClientTls, client_context
from alert_syslog.settings import SyslogSettings

__all__ = ["Transport", "transport"]

# A name may come to mean another address, and a datagram does not find out by itself.
_RESOLVE_SECONDS = 60.0
# How long a server may take to refuse a client after the handshake, which is when TLS 1.3 lets it look at the certificate.
_REFUSAL_SECONDS = 0.5


class Transport(ABC):
    """A way to one server.

    Attributes:
        place: The server, in words fit for an error or a receipt.
    """

    def __init__(self, settings: SyslogSettings) -> None:
        self._settings = settings
        self._address = (settings.server, settings.effective_port)
        self._socket: socket.socket | None = None
        self.place = f"syslog server {settings.server}:{settings.effective_port} ({settings.transport})"

    def send(self, message: bytes) -> None:
        """Hand one message over.

        Raises:
            DeliveryError: The network does not take it.
        """
        try:
            self._write(message)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be one of a host
            self.close()
            raise DeliveryError(f"{self.place} {self._reason(error)}") from error

    def close(self) -> None:
        """Give the socket up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @abstractmethod
    def _write(self, message: bytes) -> None:
        """Send over the kept socket, or a new one."""

    def _reason(self, error: OSError | UnicodeError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"has a certificate that is not trusted: {error.verify_message}"
        if isinstance(error, ssl.SSLError):
            return f"does not agree on TLS: {(error.reason or 'no reason given').lower().replace('_', ' ')}"
        if isinstance(error, TimeoutError):
            return f"did not answer within {self._settings.wait_seconds:g} seconds"
        return f"cannot be reached: {getattr(error, 'strerror', None) or error}"


class _Datagrams(Transport):
    _opened_at = 0.0

    def _write(self, message: bytes) -> None:
        if self._socket is None or time.monotonic() - self._opened_at > _RESOLVE_SECONDS:
            self.close()
            self._socket, self._opened_at = self._open(), time.monotonic()
        self._socket.send(message)
        # What a host without a server answers belongs to this message on this computer, and to an earlier one else.
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "nobody listens there")

    def _open(self) -> socket.socket:
        family, kind, protocol, _, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.connect(address)
        except OSError:
            opened.close()
            raise
        return opened


class _Stream(Transport):
    def _write(self, message: bytes) -> None:
        framed = message + b"\n" if self._settings.framing == "newline" else b"%d %b" % (len(message), message)
        if self._socket is not None and _alive(self._socket, self._settings.wait_seconds):
            with suppress(OSError):
                self._socket.sendall(framed)
                return
        self.close()
        self._socket = self._open()
        self._socket.sendall(framed)

    def _open(self) -> socket.socket:
        wait_seconds = self._settings.wait_seconds
        opened = socket.create_connection(self._address, wait_seconds)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # A server that vanished without a word is noticed as soon as it fails to acknowledge, not after a quarter hour.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(wait_seconds * 1000))
        return opened


class _Encrypted(_Stream):
    """A stream inside TLS."""

    def __init__(self, settings: SyslogSettings, reveal: Callable[[Secret], str]) -> None:
        super().__init__(settings)
        self._tls, self._reveal = settings.tls or ClientTls(), reveal

    def _open(self) -> socket.socket:
        # Made anew for each connection, which is rare, so that a renewed certificate is used without a restart.
        context = client_context(self._tls, self._reveal)
        opened = super()._open()
        try:
            encrypted = context.wrap_socket(opened, server_hostname=self._tls.server_name or self._settings.server)
        except BaseException:
            opened.close()
            raise
        try:
            self._wait_for_refusal(encrypted)
        except BaseException:
            encrypted.close()
            raise
        return encrypted

    def _wait_for_refusal(self, encrypted: ssl.SSLSocket) -> None:
        """Give the server the time to say no; without an answer, a message to a server that refused us would just be lost."""
        end = time.monotonic() + _REFUSAL_SECONDS
        while (left := end - time.monotonic()) > 0:
            if select.select([encrypted], [], [], left)[0] and not _alive(encrypted, self._settings.wait_seconds, strict=True):
                raise ConnectionError("it closed the connection at once; it may ask for another client certificate")


def _alive(kept: socket.socket, wait_seconds: float, *, strict: bool = False) -> bool:
    """Whether the other end is still there, as far as one can know: a server that stopped has said so by now.

    Args:
        kept: The connection.
        wait_seconds: Its time limit.
        strict: Whether what is wrong is raised.

    Raises:
        OSError: With `strict`: what the other end, or the network, said.
    """
    kept.settimeout(0)
    try:
        return kept.recv(4096) != b""  # a syslog server has nothing to say; whatever it is, it is alive
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        if strict:
            raise
        return False
    finally:
        kept.settimeout(wait_seconds)


def transport(settings: SyslogSettings, reveal: Callable[[Secret], str]) -> Transport:
    """The way that the settings ask for; nothing is opened yet.

    Args:
        settings: Where to, and how.
        reveal: `Context.reveal`, for the password of a client key.
    """
    match settings.transport:
        case "udp":
            return _Datagrams(settings)
        case "tcp":
            return _Stream(settings)
        case "tls":
            return _Encrypted(settings, reveal)
