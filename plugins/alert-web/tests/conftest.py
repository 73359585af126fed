from __future__ import annotations

import hashlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
import trustme

from alert_core import Context, DeliveryError, Notification
from alert_web import WebAction, WebSettings


@dataclass
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


class Site(ThreadingHTTPServer):
    """Answers what it is told to, and remembers what it was asked.

    What a path answers stands in `pages`, what a body answers is said by `choosy`, else it is `status` and `headers`.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []
        self.connections = 0
        self.ended = 0
        self.status = 204
        self.headers: dict[str, str] = {}
        self.body = b""
        self.pages: dict[str, tuple[int, dict[str, str]]] = {}
        self.choosy: Callable[[bytes], int] | None = None
        self.challenges: list[str] = []
        self.digest_password = ""
        self.nonce = ""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.ended += 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(Request(self.command, self.path, self.headers, body))
        status, headers = self.server.pages.get(self.path, (self.server.status, self.server.headers))
        if self.server.choosy and (answer := self.server.choosy(body)):
            status = answer
        if self.server.digest_password and not self.knows_password():
            status, headers = 401, {}
        self.send_response(status)
        for challenge in self.server.challenges if status == 401 else ():
            self.send_header("WWW-Authenticate", challenge)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_PATCH = answer

    def knows_password(self) -> bool:
        """Whether the proof is right, worked out as RFC 7616 says."""
        given = self.headers.get("Authorization", "")
        part = {name: value.strip('"') for name, value in re.findall(r'([\w*]+)=("[^"]*"|[^\s,]*)', given)}
        if not given.startswith("Digest "):
            return False
        algorithm = part.get("algorithm", "MD5")
        method = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm.removesuffix("-sess")]

        def proof(*parts: str) -> str:
            return hashlib.new(method, ":".join(parts).encode()).hexdigest()

        name = unquote(part["username*"].removeprefix("UTF-8''")) if "username*" in part else part["username"]
        first, second = proof(name, part["realm"], self.server.digest_password), proof(self.command, self.path)
        if algorithm.endswith("-sess"):
            first = proof(first, part["nonce"], part["cnonce"])
        middle = [part["nc"], part["cnonce"], part["qop"]] if "qop" in part else []
        fresh = not self.server.nonce or part["nonce"] == self.server.nonce
        return fresh and part["response"] == proof(first, part["nonce"], *middle, second)

    def handle(self) -> None:
        with suppress(OSError):  # a handshake that fails, a client that goes away
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    thread = threading.Thread(target=site.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as running:
        yield running


@pytest.fixture
def other_site() -> Iterator[Site]:
    with serving(Site()) as running:
        yield running


class Authority:
    """Makes certificates, for servers and for clients."""

    def __init__(self, folder: Path) -> None:
        self._made = trustme.CA()
        self.file = folder / "ca.pem"
        self._made.cert_pem.write_to_path(str(self.file))

    def issue(self, folder: Path, *names: str, not_after: datetime | None = None) -> Path:
        """A PEM file with certificate and key."""
        file = folder / f"{names[0]}.pem"
        self._made.issue_cert(*names, not_after=not_after).private_key_and_cert_chain_pem.write_to_path(str(file))
        return file


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def serving_tls(certificate: Path, clients: Path | None = None) -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    site = Site()
    # The handshake is made in the thread of the connection: one that fails does not hold up the next.
    site.socket = context.wrap_socket(site.socket, server_side=True, do_handshake_on_connect=False)
    with serving(site) as running:
        yield running


ServeTls = Callable[..., Site]


@pytest.fixture
def serve_tls() -> Iterator[ServeTls]:
    """Starts an encrypted site with a certificate; the second argument is the authority of its clients, if it asks for one."""
    with ExitStack() as stack:
        yield lambda *args: stack.enter_context(serving_tls(*args))


@pytest.fixture
def encrypted_site(authority: Authority, tmp_path: Path) -> Iterator[Site]:
    with serving_tls(authority.issue(tmp_path, "localhost", "127.0.0.1")) as site:
        yield site


class Hooks:
    """Makes actions, and uses them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.made: list[WebAction] = []

    def __call__(self, name: str = "hook", /, **settings: Any) -> WebAction:
        given = {"wait_seconds": 5} | settings
        if "server" not in settings:
            given.setdefault("url", f"http://127.0.0.1:{self.port}/alerts")
        self.made.append(WebAction(WebSettings.model_validate(given), Context(name=name)))
        return self.made[-1]

    def refusal(self, sample: Notification | None = None, /, **settings: Any) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            self(**settings).send(sample or self.notification())
        return caught.value

    def notification(self, **changes: Any) -> Notification:
        return msgspec.structs.replace(Notification.sample(), **changes)


@pytest.fixture
def hooks(site: Site) -> Iterator[Hooks]:
    hooks = Hooks(site.port)
    yield hooks
    for hook in hooks.made:
        hook.close()
