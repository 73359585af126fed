"""Proves this distribution's quality level to `alert plugins --check web`; needs `pip install 'alert-web[testing]'`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_web.plugin import WebAction

__all__ = ["WebConformance"]


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
