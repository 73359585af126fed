"""Proves this distribution's quality level to `alert plugins --check web`; needs `pip install 'alert-web[testing]'`."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance, FormatConformance, SourceConformance
from alert_web.formats import AlertmanagerFormat, FalcoFormat, NotificationFormat
from alert_web.plugin import WebAction
from alert_web.receiver.source import WebSource

__all__ = [
    "AlertmanagerConformance",
    "FalcoConformance",
    "NotificationConformance",
    "WebConformance",
    "WebSourceConformance",
]


class WebConformance(ActionConformance):
    """The web action against a server on loopback."""

    action = WebAction
    settings: ClassVar[Mapping[str, Any]] = {
        "url": "https://soar.example.com/alerts/{{ id }}",
        "headers": {"X-Api-Key": "s3cret-key"},
        "auth": "bearer",
        "token": "s3cret-token",
    }
    unreachable: ClassVar[Mapping[str, Any]] = {**settings, "url": "http://127.0.0.1:1/alerts"}
    time_limit_seconds = 5.0

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[Mapping[str, Any]]:
        """A web server that takes everything."""
        self._requests = requests = list[str]()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                requests.append(f"{self.requestline}\n{self.headers}{body}")
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            yield {**self.settings, "url": f"http://127.0.0.1:{server.server_port}/alerts"}
            server.shutdown()
            thread.join()

    def arrived(self) -> list[str]:
        """The requests, with their headers."""
        return self._requests

    def aim(self, host: str, port: int) -> Mapping[str, Any]:
        """A web server without encryption."""
        return {**self.settings, "url": f"http://{host}:{port}/alerts", "wait_seconds": 0.5}

    def aim_tls(self, host: str, port: int) -> Mapping[str, Any]:
        """A web server with TLS."""
        return {**self.settings, "url": f"https://{host}:{port}/alerts", "wait_seconds": 0.5}


class WebSourceConformance(SourceConformance):
    """The web source, with a sender on loopback."""

    source = WebSource
    settings: ClassVar[Mapping[str, Any]] = {"listen": ["http:127.0.0.1:8080"], "token": "s3cret-token"}
    records: ClassVar[Sequence[bytes]] = (
        *(b'{"type": "record", "number": %d}' % number for number in range(2000)),
        '{"type": "伺服器", "text": "\\u0007"}'.encode(),
        b'{"type": "not \xff\xfe UTF-8"}',
        b'{"type": "%s"}' % (b"x" * 50_000),
    )
    unreadable: ClassVar[Mapping[str, Any]] = {"listen": ["http:192.0.2.1:8080"]}  # no address of any computer

    @pytest.fixture
    def filled(self, context: Context) -> Mapping[str, Any]:
        """A port that is free."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = int(probe.getsockname()[1])
        return {**self.settings, "listen": [f"http:127.0.0.1:{self._port}"]}

    def feed(self) -> None:
        """Send the records in requests of a hundred, as soon as somebody listens."""
        _await_listener(self._port)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": "Bearer s3cret-token", "Content-Type": "application/json"}
        for first in range(0, len(self.records), 100):
            body = b"[" + b",".join(self.records[first : first + 100]) + b"]"
            connection.request("POST", "/events", body, headers)
            answer = connection.getresponse()
            assert (answer.status, answer.read()[:8]) == (200, b'{"kept":')
        connection.close()


def _await_listener(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 10).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


class AlertmanagerConformance(FormatConformance):
    """The format `alertmanager`."""

    format = AlertmanagerFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"status": "firing", "labels": {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "page"}, '
        b'"annotations": {"summary": "no room"}, "startsAt": "2026-03-14T15:09:26.535Z", "endsAt": "0001-01-01T00:00:00Z", '
        b'"fingerprint": "c0ffee"}',
        b'{"status": "resolved", "labels": {"alertname": "DiskFull"}, "startsAt": "2026-03-14T15:09:26.535Z", '
        b'"endsAt": "2026-03-14T16:00:00+01:00", "fingerprint": "c0ffee"}',
    )


class FalcoConformance(FormatConformance):
    """The format `falco`."""

    format = FalcoFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"hostname": "node-1", "output": "15:09:26.535897932: Notice A shell was spawned (user=root)", '
        b'"priority": "Notice", "rule": "Terminal shell in container", "source": "syscall", "tags": ["shell"], '
        b'"time": "2026-03-14T15:09:26.535897932Z", "output_fields": {"proc.name": "bash", "user.name": "root"}}',
        b'{"output": "something", "priority": "Critical", "rule": "Another", "time": "2026-03-14T15:09:27Z"}',
    )


class NotificationConformance(FormatConformance):
    """The format `notification`."""

    format = NotificationFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"id": "0123456789abcdef", "condition": "outbreak", "revision": "0123456789ab", "kind": "fired", '
        b'"severity": "major", "time": "2026-03-14T15:09:26Z", "subject": "outbreak", "suppressed": 0, '
        b'"event": {"type": "risk", "computer": "pc-1", "source_port": 4711}}',
        b'{"id": "fedcba", "condition": "outbreak", "revision": "0123456789ab", "kind": "closed", "severity": "low", '
        b'"time": "2026-03-14T15:09:27.5Z", "subject": "over", "suppressed": 3, "event": {"type": "timer"}}',
    )
