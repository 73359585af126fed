from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import threading
import time
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

from alert_core import Batch, Context, Cursor, DeliveryError, Notification
from alert_core.runtime.spool import Spool
from alert_core.runtime.spooled import Spooled
from alert_core.testing.peers import free_port
from alert_web import WebAction, WebSettings
from alert_web.receiver.settings import WebSourceSettings
from alert_web.receiver.source import WebSource


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


@pytest.fixture
def unused_port() -> int:
    return free_port()


@dataclass
class Answer:
    status: int
    headers: Message
    content: Any


Until = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def until() -> Until:
    """Waits until something is true, but not for ever."""
    return await_until


def await_until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + 10
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.005)
    assert found, "it did not happen in time"
    return found


class Receiver:
    """A web source that runs, spooled to a real disk as the core does it; takes what it gives."""

    cursor: Cursor | None = None

    def __init__(self, folder: Path, settings: dict[str, Any], *, port: int, backlog_bytes: int) -> None:
        self.port = port
        self.batches: list[Batch] = []
        self.taking = threading.Event()
        self.taking.set()
        self.error: BaseException | None = None
        source = WebSource(WebSourceSettings.model_validate(settings), Context(name="hooks", state_folder=folder))
        self.spool = Spool(folder / "spool")
        self._spooled = Spooled(source, self.spool, backlog_bytes=backlog_bytes)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __call__(self, batch: Batch) -> None:
        while not self.taking.wait(0.05) and not self._stop.is_set():
            pass
        self.batches.append(batch)
        self.cursor = batch.end

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    @property
    def records(self) -> list[bytes]:
        """What is on disk."""
        kept = self.spool.read(self.spool.begin, self.spool.end)
        return [record for batch in kept for record in batch.split()]

    @property
    def values(self) -> list[Any]:
        return [json.loads(record) for record in self.records]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def say(self, text: bytes) -> bytes:
        """What comes back for some bytes until the other end hangs up, without date."""
        with self.connect() as wire:
            wire.sendall(text)
            wire.shutdown(socket.SHUT_WR)
            return self.read_all(wire)

    @staticmethod
    def read_all(wire: socket.socket) -> bytes:
        got = b""
        with suppress(ConnectionResetError):
            while data := wire.recv(65536):
                got += data
        return got

    def post(self, body: bytes, headers: dict[str, str] | None = None, **options: Any) -> Answer:
        context = options.get("tls")
        connection: http.client.HTTPConnection
        if context:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            given = {"Content-Type": "application/json", **(headers or {})}
            connection.request(options.get("method", "POST"), options.get("path", "/events"), body, given)
            answer = connection.getresponse()
            text = answer.read()
            return Answer(answer.status, answer.headers, json.loads(text) if text else None)
        finally:
            connection.close()

    def fill_disk(self) -> None:
        """Let nothing more be written to the spool: its file is replaced by one that is always full."""
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, self.spool._file.fileno())
        os.close(full)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(20)
        assert self.ended

    def close(self) -> None:
        self.stop()
        self._spooled.close()

    def _run(self) -> None:
        try:
            self._spooled.run(self, self._stop)
        except BaseException as error:  # noqa: BLE001 for the test to judge
            self.error = error


class Receivers:
    """Starts receivers, one after the other in the same folder if asked to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.made: list[Receiver] = []

    def __call__(self, folder: str = "hooks", /, *, backlog_bytes: int = 10**8, **settings: Any) -> Receiver:
        port = settings.pop("port", 0) or free_port()
        address = settings.pop("address", "127.0.0.1:")
        settings["listen"] = [f"{'https' if 'tls' in settings else 'http'}:{address}{port}"]
        receiver = Receiver(self._folder / folder, settings, port=port, backlog_bytes=backlog_bytes)
        self.made.append(receiver)
        await_until(lambda: receiver.ended or _answers(receiver.port))
        return receiver


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def receivers(tmp_path: Path) -> Iterator[Receivers]:
    receivers = Receivers(tmp_path)
    yield receivers
    for receiver in receivers.made:
        receiver.close()


@pytest.fixture
def receiver(receivers: Receivers) -> Receiver:
    """One that asks for nothing."""
    return receivers()
