"""The receivers of web requests, syslog messages and traps."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from alert_demo._message import Arrived, Message

__all__ = ["syslog_server", "trap_server", "web_server"]

_LONGEST_BODY = 2**20
# How often a server looks whether it shall stop.
_POLL_SECONDS = 0.05


class _WebServer(ThreadingHTTPServer):
    def __init__(self, arrived: Arrived) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.arrived = arrived


class _Request(BaseHTTPRequestHandler):
    """Takes every request with a JSON object."""

    server: _WebServer
    protocol_version = "HTTP/1.1"
    # A client that says nothing more must not keep the demo from ending.
    timeout = 5

    def do_POST(self) -> None:
        try:
            size = int(self.headers.get("Content-Length", 0))
            document = json.loads(self.rfile.read(min(size, _LONGEST_BODY)))
            notification = str(document["id"])
        except (ValueError, TypeError, KeyError):
            self._answer(400)
            return
        headers = dict(self.headers.items())
        self.server.arrived(Message("web", notification, {"request": self.requestline, "headers": headers, "body": document}))
        self._answer(201)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Leave the terminal to the demo."""


class _DatagramServer(socketserver.UDPServer):
    def __init__(self, arrived: Arrived, read: Callable[[bytes], Message]) -> None:
        super().__init__(("127.0.0.1", 0), _Datagram)
        self.arrived, self.read = arrived, read


class _Datagram(socketserver.BaseRequestHandler):
    server: _DatagramServer

    def handle(self) -> None:
        self.server.arrived(self.server.read(self.request[0]))


def _read_syslog(raw: bytes) -> Message:
    line = raw.decode("utf-8", "replace")
    found = re.search(r' id="([0-9a-f]+)"', line)
    return Message("syslog", found[1] if found else "", {"line": line})


def _read_trap(raw: bytes) -> Message:
    # Imported here, in the thread of the receiver, because the library takes long to load.
    from alert_demo._trap import read

    return read(raw)


@contextmanager
def web_server(arrived: Arrived) -> Iterator[int]:
    """Run an HTTP server on a free port of loopback; yields the port."""
    with _WebServer(arrived) as server, _serving(server):
        yield server.server_port


@contextmanager
def syslog_server(arrived: Arrived) -> Iterator[int]:
    """Receive syslog messages on a free UDP port of loopback; yields the port."""
    with _DatagramServer(arrived, _read_syslog) as server, _serving(server):
        yield server.server_address[1]


@contextmanager
def trap_server(arrived: Arrived) -> Iterator[int]:
    """Receive SNMP traps on a free UDP port of loopback; yields the port."""
    with _DatagramServer(arrived, _read_trap) as server, _serving(server):
        yield server.server_address[1]


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
