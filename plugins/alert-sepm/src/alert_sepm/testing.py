"""A stand-in for the manager's REST API on loopback, for tests; needs `pip install 'alert-sepm[testing]'`.

It does what the real one is known to do, above all what is awkward: it gives all critical events at once and ignores which page
it is asked for, takes nothing without a token, counts lengths as Java does, and forgets tokens after a while.
"""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["LocalManager"]

_ROOT = "/sepm/api/v1"
_LIMITS = {"name": 255, "subject": 255, "message": 32767, "hyperlink": 512}

Reply = tuple[int, Any]


@dataclass
class LocalManager:
    """A manager; use it as a context.

    Args:
        folder: Where it puts its certificate.
        user: Who may log in.
        password: With which password.
        token_seconds: How long a token is good for, and is said to be.
        page_size: How many events it gives at once; 0 is what managers do: all, whatever they are asked for.

    Attributes:
        critical: Its critical events by their ids; `add` makes some.
        posted: The external notifications that it took.
        requests: Method and path of each request.
        status: What it answers to everything but logins, instead of what it should, while it is not 0.
    """

    folder: Path
    user: str = "alert"
    password: str = field(default="s3cret-password", repr=False)
    token_seconds: float = 43_199
    page_size: int = 0
    critical: dict[str, dict[str, Any]] = field(default_factory=dict)
    posted: list[dict[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    status: int = 0
    _tokens: dict[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings that lead here."""
        port = self._server.server_port
        tls = {"ca_file": str(self.folder / "manager-ca.pem")}
        return {"server": "127.0.0.1", "port": port, "user": self.user, "password": self.password, "tls": tls}

    def add(self, event_id: str, *, time: str = "2023-08-12 19:22:21.0", subject: str = "CRITICAL: OLD DEFINITIONS") -> None:
        """Have another critical event."""
        message = f"This is event {event_id}."
        self.critical[event_id] = {
            "eventId": event_id, "eventDateTime": time, "subject": subject, "message": message, "acknowledged": 0,
        }  # fmt: skip

    def drop_connections(self) -> None:
        """As after a restart, too."""
        self._server.drop()

    def forget_tokens(self) -> None:
        """As after a restart."""
        self._tokens.clear()

    def __enter__(self) -> Self:
        import trustme

        authority = trustme.CA()
        self.folder.mkdir(parents=True, exist_ok=True)
        authority.cert_pem.write_to_path(str(self.folder / "manager-ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self), context)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, target: str, token: str, body: Any) -> Reply:
        """What it answers: a status, and what becomes JSON."""
        self.requests.append(f"{method} {target}")
        url = urlsplit(target)
        path = url.path.removeprefix(_ROOT)
        if (method, path) == ("POST", "/identity/authenticate"):
            return self._log_in(body)
        if self._tokens.get(token, 0.0) < time.monotonic():
            return _fault(401, "The user is unauthorized")
        if self.status:
            return _fault(self.status, "It does not work today")
        if (method, path) == ("GET", "/events/critical"):
            return self._list(parse_qs(url.query))
        if (method, path) == ("POST", "/events/notifications"):
            return self._post(body)
        if method == "POST" and path.startswith("/events/acknowledge/"):
            return self._acknowledge(unquote(path.rpartition("/")[2]))
        return _fault(404, "The requested resource was not found")

    def _log_in(self, body: Any) -> Reply:
        if not isinstance(body, dict) or not {"username", "password", "domain"} <= body.keys():
            return _fault(400, "The parameters are invalid")
        if (body["username"], body["password"]) != (self.user, self.password):
            return _fault(401, "Invalid user name or password")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + self.token_seconds
        return 200, {"token": token, "tokenExpiration": self.token_seconds, "username": self.user, "adminId": "A1"}

    def _list(self, query: Mapping[str, list[str]]) -> Reply:
        everything = query.get("includeAcknowledged", ["false"])[0] == "true"
        unacknowledged = [event for event in self.critical.values() if not event["acknowledged"]]
        listed = list(self.critical.values()) if everything else unacknowledged
        if self.page_size:
            begin = (int(query.get("pageIndex", ["1"])[0]) - 1) * self.page_size
            listed = listed[begin : begin + self.page_size]
        total = len(unacknowledged)
        return 200, {"lastUpdated": 1693911276712, "totalUnacknowledgedMessages": total, "criticalEventsInfoList": listed}

    def _acknowledge(self, event_id: str) -> Reply:
        if event_id not in self.critical:
            return _fault(404, "The requested resource was not found")
        self.critical[event_id]["acknowledged"] = 1
        return 200, None

    def _post(self, body: Any) -> Reply:
        if not isinstance(body, dict) or body.keys() != _LIMITS.keys():
            return _fault(400, "The parameters are invalid")
        for name, most in _LIMITS.items():
            if not isinstance(body[name], str) or not 1 <= len(body[name].encode("utf-16-le")) // 2 <= most:
                return _fault(400, f"The length of {name} must be between 1 and {most}")
        self.posted.append(body)
        return 200, None


def _fault(status: int, message: str) -> Reply:
    return status, {"errorCode": str(status), "appErrorCode": "", "errorMessage": message}


class _Server(ThreadingHTTPServer):
    """Encrypts in the thread of each connection, so that a visitor who says nothing keeps nobody waiting."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: Any, context: ssl.SSLContext) -> None:
        self._context = context
        self._connections: set[ssl.SSLSocket] = set()
        super().__init__(address, handler)

    def drop(self) -> None:
        """Hang up on everybody."""
        for connection in list(self._connections):
            connection.shutdown(socket.SHUT_RDWR)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(5.0)
        with self._context.wrap_socket(request, server_side=True) as secure:
            self._connections.add(secure)
            try:
                super().finish_request(secure, client_address)
            finally:
                self._connections.discard(secure)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: visitors come and go as they please."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, manager: LocalManager, *args: Any) -> None:
        self._manager = manager
        super().__init__(*args)

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            body = json.loads(data) if data else None
        except ValueError:
            body = data
        self._answer(body)

    def _answer(self, body: Any) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status, said = self._manager.answer(self.command, self.path, token, body)
        data = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: whoever wants to know asks for `requests`."""
