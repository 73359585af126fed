"""Which addresses are connected to, and for how long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Hooks, Site

DRIPS: dict[str, Callable[[int], bytes]] = {
    "status line": lambda place: b"HTTP/1.1 200 O"[place : place + 1] or b"K",
    "headers": lambda place: b"HTTP/1.1 200 OK\r\n" if place == 0 else b"X: y\r\n",
    "go on": lambda place: b"HTTP/1.1 100 Continue\r\n\r\n",
}


@contextmanager
def dripping(drip: Callable[[int], bytes]) -> Iterator[int]:
    """A server that never falls silent and never comes to an end."""
    stop = threading.Event()

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            place = 0
            while not stop.wait(0.02):
                try:
                    connection.sendall(drip(place))
                except OSError:
                    return
                place += 1

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        stop.set()
        thread.join()


@pytest.mark.parametrize("name", DRIPS)
def test_server_that_drips_is_given_up_in_time(hooks: Hooks, name: str) -> None:
    with dripping(DRIPS[name]) as port:
        begun = time.monotonic()
        error = hooks.refusal(url=f"http://127.0.0.1:{port}/", wait_seconds=0.5)

    assert str(error) == f"web server 127.0.0.1:{port} did not answer within 0.5 seconds"
    assert error.retryable
    assert time.monotonic() - begun < 3


def test_answer_that_drips_is_not_read_to_its_end(hooks: Hooks) -> None:
    with dripping(lambda place: b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" if place == 0 else b"x") as port:
        begun = time.monotonic()
        receipt = hooks(url=f"http://127.0.0.1:{port}/").send(hooks.notification())

    assert receipt.remote_id == "200 OK"
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize(
    ("networks", "arrives"),
    [
        ({"allow_networks": ["127.0.0.0/8"]}, True),
        ({"allow_networks": ["192.0.2.0/24", "127.0.0.1/32"]}, True),
        ({"deny_networks": ["192.0.2.0/24", "2001:db8::/32"]}, True),
        ({"allow_networks": ["192.0.2.0/24"]}, False),
        ({"deny_networks": ["127.0.0.0/8", "::1/128"]}, False),
        ({"allow_networks": ["127.0.0.0/8", "::1/128"], "deny_networks": ["127.0.0.0/8", "::1/128"]}, False),
        ({"allow_networks": ["::/0"]}, False),
    ],
)
def test_address_decides_not_the_name(site: Site, hooks: Hooks, networks: dict[str, list[str]], arrives: bool) -> None:
    settings = {"url": f"http://localhost:{site.port}/", **networks}

    if arrives:
        hooks(**settings).send(hooks.notification())
    else:
        error = hooks.refusal(**settings)
        # With ::1 allowed, that is where localhost leads, and nobody listens there.
        assert "where allow_networks and deny_networks let nothing go" in str(error) or "Connection refused" in str(error)

    assert len(site.requests) == arrives


@pytest.mark.parametrize("address", ["[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::]", "0.0.0.0"])
def test_address_in_the_clothes_of_another_is_known(site: Site, hooks: Hooks, address: str) -> None:
    error = hooks.refusal(url=f"http://{address}:{site.port}/", deny_networks=["127.0.0.0/8"])

    assert "let nothing go" in str(error)
    assert site.requests == []


@pytest.mark.parametrize("number", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_address_is_known_however_it_is_written(site: Site, hooks: Hooks, number: str) -> None:
    error = hooks.refusal(url=f"http://{number}:{site.port}/", deny_networks=["127.0.0.0/8"])

    assert "leads to 127.0.0.1, where" in str(error)
    assert site.requests == []
