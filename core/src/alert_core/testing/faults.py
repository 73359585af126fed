"""Servers on loopback that each do one thing wrong, over TCP and UDP alike."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Self, TypeVar

__all__ = ["FAULTS", "HOST", "TLS_FAULTS", "UNKNOWN_HOST", "FaultServer", "seconds_to_look_up"]

VisitT = TypeVar("VisitT")

HOST = "127.0.0.1"
UNKNOWN_HOST = "alert-conformance.invalid"
"""A name that nobody can have: RFC 6761 keeps `.invalid` free."""

_PATIENCE_SECONDS = 0.2
_DRIP_SECONDS = 0.1
_LINGER_NOT = struct.pack("ii", 1, 0)
_GARBAGE = Random(0).randbytes(4096)  # noqa: S311 the same for everybody


class FaultServer(ABC):
    """Listens on one port of loopback, for TCP and UDP, and behaves badly towards whoever comes.

    Attributes:
        port: Where it listens.
        connections: How many came over TCP.
        datagrams: How many came over UDP.
        received: What was said to it once TLS had been agreed on; with a certificate that nobody trusts, this must stay empty.
    """

    listens = True

    def __init__(self) -> None:
        self.connections, self.datagrams, self.received = 0, 0, b""
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @abstractmethod
    def serve(self, connection: socket.socket) -> None:
        """What it does to somebody who connected; the connection is closed afterwards."""

    def answer(self, datagram: bytes) -> bytes:
        """What it says to a datagram. Default: nothing."""
        return b""

    @property
    def visited(self) -> bool:
        """Whether anybody came."""
        return bool(self.connections or self.datagrams)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait, at most until the server is stopped; whether it is."""
        return self._stopping.wait(seconds)

    def __enter__(self) -> Self:
        self._tcp, self._udp = _same_port()
        self.port: int = self._tcp.getsockname()[1]
        if self.listens:
            self._tcp.listen()
            self._start(self._accept)
        self._start(self._take_datagrams)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in list(self._threads):
            thread.join()
        self._tcp.close()
        self._udp.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="fault-server")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        self._tcp.settimeout(0.02)
        for connection in self._until_stopped(lambda: self._tcp.accept()[0]):
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(_PATIENCE_SECONDS)
            # The other side may leave at any moment, which is its right.
            with contextlib.suppress(OSError):
                self.serve(connection)

    def _take_datagrams(self) -> None:
        self._udp.settimeout(0.02)
        for datagram, sender in self._until_stopped(lambda: self._udp.recvfrom(65535)):
            self.datagrams += 1
            if answer := self.answer(datagram):
                with contextlib.suppress(OSError):
                    self._udp.sendto(answer, sender)

    def _until_stopped(self, take: Callable[[], VisitT]) -> Iterator[VisitT]:
        """Whatever comes, and what is still waiting when the server is stopped."""
        while True:
            # Asked before looking: who came just before the stop must be found by the look that follows it.
            stopping = self._stopping.is_set()
            try:
                yield take()
            except OSError:
                if stopping:
                    return


class Refusing(FaultServer):
    """Has the port, so that nobody else gets it, but does not listen."""

    listens = False

    def serve(self, connection: socket.socket) -> None:
        """Nobody gets here."""


class Resetting(FaultServer):
    """Closes at once, the hard way."""

    def serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)


class Silent(FaultServer):
    """Takes the connection and does nothing, as a half-open one does."""

    def serve(self, connection: socket.socket) -> None:
        self.wait()


class Dripping(FaultServer):
    """Sends byte after byte, slowly but so that no time limit for the next one ever runs out; only one for the whole does."""

    def serve(self, connection: socket.socket) -> None:
        while not self.wait(_DRIP_SECONDS):
            connection.sendall(b"2")


class Garbling(FaultServer):
    """Answers what nobody understands."""

    def serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(TimeoutError):
            connection.recv(65535)
        connection.sendall(_GARBAGE)

    def answer(self, datagram: bytes) -> bytes:
        return _GARBAGE[:512]


class Untrusted(FaultServer):
    """Shows a certificate that no authority has signed."""

    def serve(self, connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(__file__).with_name("untrusted.pem"))
        connection.settimeout(5.0)
        with context.wrap_socket(connection, server_side=True) as secure:
            self.received += secure.recv(65535)


def seconds_to_look_up(host: str) -> float:
    """How long this computer takes to find out where a host is, or that nobody knows."""
    started = time.monotonic()
    with contextlib.suppress(OSError):
        socket.getaddrinfo(host, None)
    return time.monotonic() - started


def _same_port() -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket with the same port number."""
    while True:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp.bind((HOST, 0))
        try:
            udp.bind(tcp.getsockname())
        except OSError:  # somebody else has that port there
            tcp.close()
            udp.close()
            continue
        return tcp, udp


FAULTS: Mapping[str, type[FaultServer]] = {
    "refused": Refusing,
    "reset": Resetting,
    "half-open": Silent,
    "slow-drip": Dripping,
    "garbage": Garbling,
}
"""What can be wrong with any server."""

TLS_FAULTS: Mapping[str, type[FaultServer]] = {
    "untrusted-certificate": Untrusted,
    "not-tls": Garbling,
    "handshake-never-answered": Silent,
}
"""What can be wrong with a server that should speak TLS."""
