from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_web import WebAction


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class TestWeb(ActionConformance):
    action = WebAction
    settings = {
        "url": "https://soar.example.com/alerts/{{ id }}",
        "headers": {"X-Api-Key": "s3cret-key"},
        "auth": "bearer",
        "token": "s3cret-token",
    }
    unreachable = {**settings, "url": "http://127.0.0.1:1/alerts"}

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[dict[str, Any]]:
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            yield {**self.settings, "url": f"http://127.0.0.1:{server.server_port}/alerts"}
            server.shutdown()
            thread.join()
