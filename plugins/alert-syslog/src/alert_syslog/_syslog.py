"""The ways to a syslog server. Each keeps its socket and opens a new one when the old one turns out to be dead."""

from __future__ import annotations

import socket
import ssl
from abc import ABC, abstractmethod
from contextlib import suppress

from alert_core import DeliveryError
from alert_syslog.settings import SyslogSettings

__all__ = ["Transport", "transport"]


class Transport(ABC):
    """A way to one server.

    Attributes:
        place: The server, in words fit for an error or a receipt.
    """

    def __init__(self, settings: SyslogSettings) -> None:
        self._settings = settings
        self._socket: socket.socket | None = None
        self.place = f"syslog server {settings.server}:{settings.port} ({settings.transport})"

    def send(self, message: bytes) -> None:
        """Hand one message over.

        Raises:
            DeliveryError: The network does not take it.
        """
        try:
            self._write(message)
        except OSError as error:
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

    def _reason(self, error: OSError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"has a certificate that is not trusted: {error.verify_message}"
        if isinstance(error, TimeoutError):
            return f"did not answer within {self._settings.wait_seconds:g} seconds"
        return f"cannot be reached: {error.strerror or error}"


class _Datagrams(Transport):
    def _write(self, message: bytes) -> None:
        if self._socket is None:
            self._socket = self._open()
        self._socket.send(message)
        # What a host without a server answers belongs to this message on this computer, and to an earlier one else.
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "nobody listens there")

    def _open(self) -> socket.socket:
        server, port = self._settings.server, self._settings.port
        family, kind, protocol, _, address = socket.getaddrinfo(server, port, type=socket.SOCK_DGRAM)[0]
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
        settings = self._settings
        opened = socket.create_connection((settings.server, settings.port), settings.wait_seconds)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if settings.transport == "tcp":
            return opened
        try:
            return ssl.create_default_context(cafile=settings.ca_file).wrap_socket(opened, server_hostname=settings.server)
        except BaseException:
            opened.close()
            raise


def _alive(kept: socket.socket, wait_seconds: float) -> bool:
    """Whether the other end is still there, as far as one can know: a server that stopped has said so by now."""
    kept.settimeout(0)
    try:
        return kept.recv(4096) != b""  # a syslog server has nothing to say; whatever it is, it is alive
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    finally:
        kept.settimeout(wait_seconds)


def transport(settings: SyslogSettings) -> Transport:
    """The way that the settings ask for; nothing is opened yet."""
    return _Datagrams(settings) if settings.transport == "udp" else _Stream(settings)
