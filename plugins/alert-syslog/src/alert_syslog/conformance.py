"""Proves this distribution's quality level to `alert plugins --check syslog`; needs `pip install 'alert-syslog[testing]'`."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_syslog.plugin import SyslogAction

__all__ = ["SyslogConformance"]


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


def _length(stream: Any) -> int:
    """The number in front of a message; 0 at the end."""
    digits = b""
    while (digit := stream.read(1)).isdigit():
        digits += digit
    return int(digits or b"0")
