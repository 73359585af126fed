"""One kept HTTPS connection, with a limit of time for each request as a whole."""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any, NamedTuple

from alert_core import DeliveryError, Secret
from alert_core.tls import ClientTls, client_context

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Answer", "Https"]

_LONGEST_ANSWER = 64 * 1024 * 1024


class Answer(NamedTuple):
    """What a server said.

    Attributes:
        status: Such as 200.
        retry_after: The header of that name.
        body: All of it.
    """

    status: int
    retry_after: str
    body: bytes


class Https:
    """Requests to one server.

    Args:
        host: Its name or address.
        port: Its TCP port.
        tls: Whom to trust.
        reveal: Looks a secret up.
        seconds: How long a request may take, from connecting to the end of the answer.
    """

    def __init__(self, host: str, port: int, *, tls: ClientTls, reveal: Callable[[Secret], str], seconds: float) -> None:
        self._host, self._port, self._tls, self._reveal, self._seconds = host.strip("[]"), port, tls, reveal, seconds
        self._connection: _Connection | None = None
        self.place = f"manager {host}:{port}"

    def request(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Ask, over the connection of the last request if it still stands.

        Raises:
            DeliveryError: There is no answer, or nobody who can be trusted.
        """
        deadline = time.monotonic() + self._seconds
        kept = self._connection is not None
        try:
            try:
                return self._request(deadline, method, path, body, headers)
            except (ConnectionError, HTTPException, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                # Servers give up connections that nobody used for a while.
                if not kept:
                    raise
                self.close()
                return self._request(deadline, method, path, body, headers)
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            raise DeliveryError(f"{self.place} {_trouble(error, self._seconds)}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _request(self, deadline: float, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = self._connection
        if connection is None:
            connection = _Connection(self._host, self._port, client_context(self._tls, self._reveal), self._tls.server_name)
            self._connection = connection
        connection.until(deadline)
        connection.request(method, path, body, dict(headers))
        with connection.getresponse() as response:
            data = response.read(_LONGEST_ANSWER + 1)
            if len(data) > _LONGEST_ANSWER:
                raise HTTPException("the answer is too long")
            return Answer(response.status, response.getheader("Retry-After", ""), data)


class _Connection(HTTPConnection):
    """A connection that is encrypted before anything is said."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, server_name: str) -> None:
        super().__init__(host, port)
        self._context, self._server_name = context, server_name or host
        self._end = 0.0
        self.response_class = partial(_Response, left=self._left)  # type: ignore[assignment]

    def until(self, deadline: float) -> None:
        """Everything up to the next call must be over by then."""
        self._end = deadline
        if self.sock is not None:
            self.sock.settimeout(self._left())

    def connect(self) -> None:
        places = len(socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM))
        sock = socket.create_connection((self.host, self.port), timeout=self._left() / places)
        try:
            sock.settimeout(self._left())
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._context.wrap_socket(sock, server_hostname=self._server_name)
        except BaseException:
            sock.close()
            raise

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class _Response(HTTPResponse):
    """An answer whose reader sees to the limit of time, which the standard library begins anew with every byte."""

    def __init__(self, sock: socket.socket, *args: Any, left: Callable[[], float], **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, left))


class _Reader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, left: Callable[[], float]) -> None:
        self._raw, self._sock, self._left = raw, sock, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(self._left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._raw.close()


def _trouble(error: Exception, seconds: float) -> str:
    """What is wrong, for an administrator."""
    if isinstance(error, TimeoutError):
        return f"did not answer within {seconds:g} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"cannot be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"cannot be trusted: {error.reason or 'TLS failed'}"
    return f"cannot be used: {getattr(error, 'strerror', None) or type(error).__name__}"
