"""Proves this distribution's quality level to `alert plugins --check syslog`; needs `pip install 'alert-syslog[testing]'`."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance, SourceConformance
from alert_syslog.plugin import SyslogAction
from alert_syslog.source import SyslogSource

__all__ = ["SyslogConformance", "SyslogSourceConformance"]


class SyslogConformance(ActionConformance):
    """The syslog action against a server on loopback that counts octets."""

    action = SyslogAction
    settings: ClassVar[Mapping[str, Any]] = {"server": "127.0.0.1", "facility": "auth", "hostname": "sensor"}
    unreachable: ClassVar[Mapping[str, Any]] = {**settings, "port": 1, "transport": "tcp"}
    time_limit_seconds = 5.0

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[Mapping[str, Any]]:
        """A syslog server that keeps every message."""
        self._messages = messages = list[str]()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while length := _length(self.rfile):
                    messages.append(self.rfile.read(length).decode())

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            yield {**self.settings, "transport": "tcp", "port": server.server_address[1]}
            server.shutdown()
            thread.join()

    def arrived(self) -> list[str]:
        """The messages."""
        return self._messages

    def aim(self, host: str, port: int) -> Mapping[str, Any]:
        """A server to which a connection is made, so that something can be said about faults."""
        return {**self.settings, "server": host, "port": port, "transport": "tcp", "wait_seconds": 0.5}

    def aim_tls(self, host: str, port: int) -> Mapping[str, Any]:
        """The same with TLS."""
        return {**self.aim(host, port), "transport": "tls"}


class SyslogSourceConformance(SourceConformance):
    """The syslog source, with a sender that counts octets."""

    source = SyslogSource
    settings: ClassVar[Mapping[str, Any]] = {"listen": ["tcp:127.0.0.1:6514"]}
    records: ClassVar[Sequence[bytes]] = (
        *(f"<134>record {number}".encode() for number in range(5000)),
        "<1>伺服器\nzwei".encode(),
        b"<1>\xff\x00\x1b[2J",
        b"<1>" + b"x" * 50_000,
    )
    unreadable: ClassVar[Mapping[str, Any]] = {"listen": ["udp:192.0.2.1:514"]}  # no address of any computer

    @pytest.fixture
    def filled(self, context: Context) -> Mapping[str, Any]:
        """A port that is free."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = int(probe.getsockname()[1])
        return {"listen": [f"tcp:127.0.0.1:{self._port}"]}

    def feed(self) -> None:
        """Send the records, as soon as somebody listens."""
        with _connected(self._port) as sender:
            sender.sendall(b"".join(b"%d %s" % (len(record), record) for record in self.records))
            sender.shutdown(socket.SHUT_WR)
            assert sender.recv(1) == b"", "a syslog server says nothing"


def _connected(port: int) -> socket.socket:
    end = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 10)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _length(stream: Any) -> int:
    """The number in front of a message; 0 at the end."""
    digits = b""
    while (digit := stream.read(1)).isdigit():
        digits += digit
    return int(digits or b"0")
