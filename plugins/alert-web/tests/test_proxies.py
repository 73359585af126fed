"""Ways that real proxies do not offer here: encrypted to the proxy itself, named by the environment, broken."""

from __future__ import annotations

import selectors
import socket
import socketserver
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Authority, Hooks, Site


class Proxy(socketserver.ThreadingTCPServer):
    """Relays what it is asked to; remembers how it was asked."""

    allow_reuse_address = True

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.heads: list[str] = []
        self.answer = b""
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Relay(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        with suppress(OSError):
            context = self.server.context
            client = context.wrap_socket(self.request, server_side=True) if context else self.request
            with client:
                self.relay(client)

    def relay(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (piece := client.recv(65536)):
                return
            head += piece
        self.server.heads.append(head.partition(b"\r\n\r\n")[0].decode())
        if self.server.answer:
            client.sendall(self.server.answer)
            return
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        host, _, port = target.removeprefix(b"http://").partition(b"/")[0].rpartition(b":")
        with socket.create_connection((host.decode(), int(port))) as server:
            if method == b"CONNECT":
                client.sendall(b"HTTP/1.1 200 Go on\r\nX: y\r\n\r\n")
            else:
                server.sendall(head)
            pump(client, server)


def pump(client: socket.socket, server: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                piece = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not piece:
                    return
                key.data.sendall(piece)


@pytest.fixture(params=["http", "https"])
def proxy(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> Iterator[Proxy]:
    certificate = authority.issue(tmp_path, "127.0.0.1", "localhost") if request.param == "https" else None
    with Proxy(certificate) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def table(proxy: Proxy, **more: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": proxy.port, "protocol": "https" if proxy.context else "http"} | more


def test_http_goes_to_the_proxy_itself(proxy: Proxy, site: Site, authority: Authority, hooks: Hooks) -> None:
    hook = hooks(proxy=table(proxy, user="jörg", password="p"), tls={"ca_file": authority.file})

    hook.send(hooks.notification())
    hook.close()

    [head] = proxy.heads
    assert head.startswith(f"POST http://127.0.0.1:{site.port}/alerts HTTP/1.1\r\n")
    assert f"\r\nProxy-Authorization: Basic {b64encode('jörg:p'.encode()).decode()}" in head
    assert len(site.requests) == 1


def test_https_goes_through_a_tunnel(proxy: Proxy, encrypted_site: Site, authority: Authority, hooks: Hooks) -> None:
    tls = {"ca_file": authority.file}
    hook = hooks(server="localhost", port=encrypted_site.port, tls=tls, proxy=table(proxy, user="ann", password="p"))

    for _ in range(3):
        hook.send(hooks.notification())
    hook.close()

    [head] = proxy.heads
    assert head.startswith(f"CONNECT localhost:{encrypted_site.port} HTTP/1.1\r\nHost: localhost:{encrypted_site.port}\r\n")
    assert (len(encrypted_site.requests), encrypted_site.connections) == (3, 1)


def test_certificate_is_checked_through_a_tunnel(
    proxy: Proxy, encrypted_site: Site, authority: Authority, hooks: Hooks
) -> None:
    tls = {"ca_file": authority.file, "server_name": "tickets.example.com"}

    error = hooks.refusal(server="localhost", port=encrypted_site.port, tls=tls, proxy=table(proxy))

    assert "cannot be trusted: Hostname mismatch, certificate is not valid for 'tickets.example.com'" in str(error)
    assert encrypted_site.requests == []


@pytest.mark.parametrize(
    ("answer", "words", "retryable"),
    [
        (b"HTTP/1.1 403 No\r\n\r\n", "answers 403 No when asked for", False),
        (b"HTTP/1.1 502 Bad \x1b[2J\r\n\r\n", "answers 502 Bad  [2J when asked for", True),
        (b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", "answers 407 Who when asked for", False),
        (b"nonsense\r\n\r\n", "cannot be used: BadStatusLine", True),
        (b"HTTP/1.1 200 OK\r\n", "cannot be ", True),
    ],
)
def test_fault_of_the_proxy_is_told_as_such(
    proxy: Proxy, encrypted_site: Site, authority: Authority, hooks: Hooks, answer: bytes, words: str, retryable: bool
) -> None:
    proxy.answer = answer
    tls = {"ca_file": authority.file}

    error = hooks.refusal(server="localhost", port=encrypted_site.port, tls=tls, proxy=table(proxy), wait_seconds=2)

    assert words in str(error)
    assert error.retryable is retryable
    assert str(error).startswith((f"proxy 127.0.0.1:{proxy.port} ", f"web server localhost:{encrypted_site.port} "))


def test_proxy_that_is_not_there_can_be_tried_again(hooks: Hooks) -> None:
    error = hooks.refusal(proxy={"host": "127.0.0.1", "port": 1, "user": "u", "password": "s3cret"})

    assert str(error) == "proxy 127.0.0.1:1 cannot be used: Connection refused"
    assert error.retryable


def test_networks_bind_the_way_to_the_proxy(proxy: Proxy, hooks: Hooks) -> None:
    error = hooks.refusal(proxy=table(proxy), deny_networks=["127.0.0.0/8"])

    assert "127.0.0.1 leads to 127.0.0.1, where allow_networks and deny_networks let nothing go" in str(error)
    assert proxy.heads == []


def test_proxy_of_the_environment_is_used_when_asked_for(
    proxy: Proxy, site: Site, authority: Authority, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = "https" if proxy.context else "http"
    monkeypatch.setenv("http_proxy", f"{kind}://ann:p%40ss@127.0.0.1:{proxy.port}/")
    monkeypatch.setenv("no_proxy", "example.com")

    hook = hooks(proxy_from_environment=True, tls={"ca_file": authority.file})
    hook.send(hooks.notification())
    hook.close()

    assert f"\r\nProxy-Authorization: Basic {b64encode(b'ann:p@ss').decode()}" in proxy.heads[0]
    assert len(site.requests) == 1


def test_environment_may_name_exceptions(site: Site, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    hooks(proxy_from_environment=True).send(hooks.notification())

    assert len(site.requests) == 1


@pytest.mark.parametrize("value", ["socks5://ann:s3cret@127.0.0.1:1", "http://ann:s3cret@127.0.0.1:x", "http://"])
def test_environment_that_names_no_proxy_is_final(hooks: Hooks, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("http_proxy", value)
    monkeypatch.delenv("no_proxy", raising=False)

    error = hooks.refusal(proxy_from_environment=True)

    assert (str(error), error.retryable) == ("the proxy that the environment names is none that can be used", False)
