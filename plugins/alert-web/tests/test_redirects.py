"""Where a server points to, and what is told there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Hooks, Site

SECRETS: dict[str, Any] = {
    "auth": "bearer",
    "token": "t0ken",
    "headers": {"X-Key": "k3y"},
    "signature": {"secret": "s"},
    "follow_redirects": True,
}
PRIVATE = {"Authorization", "X-Key", "X-Alert-Signature", "X-Alert-Timestamp", "Idempotency-Key"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_keeps_method_body_and_credentials_at_home(site: Site, hooks: Hooks, status: int) -> None:
    site.pages["/alerts"] = (status, {"Location": "/new?x=%20y"})

    receipt = hooks(**SECRETS).send(hooks.notification())

    first, second = site.requests
    assert (second.method, second.path, second.body) == ("POST", "/new?x=%20y", first.body)
    assert second.headers.items() == first.headers.items()
    assert receipt.remote_id == "204 No Content"
    assert site.connections == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_secrets_stay_at_home(site: Site, other_site: Site, hooks: Hooks, status: int) -> None:
    site.pages["/alerts"] = (status, {"Location": f"http://127.0.0.1:{other_site.port}/there"})

    hooks(**SECRETS).send(hooks.notification())

    [first], [second] = site.requests, other_site.requests
    assert set(first.headers.keys()) >= PRIVATE
    assert PRIVATE & set(second.headers.keys()) == set()
    assert (second.method, second.body, second.headers["Content-Type"]) == ("POST", first.body, "application/json")


def test_secrets_do_not_come_back_with_a_detour(site: Site, other_site: Site, hooks: Hooks) -> None:
    site.pages["/alerts"] = (307, {"Location": f"http://127.0.0.1:{other_site.port}/there"})
    other_site.pages["/there"] = (307, {"Location": f"http://127.0.0.1:{site.port}/back"})

    hooks(**SECRETS).send(hooks.notification())

    assert PRIVATE & set(site.requests[-1].headers.keys()) == set()


def test_password_is_not_proved_to_another_server(site: Site, other_site: Site, hooks: Hooks) -> None:
    site.pages["/alerts"] = (307, {"Location": f"http://127.0.0.1:{other_site.port}/there"})
    other_site.status, other_site.challenges = 401, ['Digest realm="r", qop="auth", nonce="n"']

    hooks.refusal(auth="digest", user="ann", password="hunter2", follow_redirects=True)

    assert [each.headers["Authorization"] for each in other_site.requests] == [None]


def test_see_other_is_fetched_without_the_notification(site: Site, hooks: Hooks) -> None:
    site.pages["/alerts"] = (303, {"Location": "/done"})

    hooks(**SECRETS).send(hooks.notification())

    got = site.requests[-1]
    assert (got.method, got.path, got.body, got.headers["X-Alert-Signature"]) == ("GET", "/done", b"", None)


def test_redirects_come_to_an_end(site: Site, hooks: Hooks) -> None:
    site.status, site.headers = 307, {"Location": "/alerts"}

    error = hooks.refusal(follow_redirects=True)

    assert str(error) == f"web server 127.0.0.1:{site.port} points from place to place; 5 times are enough"
    assert (error.retryable, len(site.requests)) == (False, 6)


@pytest.mark.parametrize(
    "target",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https:///x",
        "http://u:p@127.0.0.1/",
        "http://[::1",
        "http://" + "a" * 70,
        "//\x00/",
    ],
)
def test_redirect_to_nowhere_is_final(site: Site, hooks: Hooks, target: str) -> None:
    site.status, site.headers = 307, {"Location": target}

    error = hooks.refusal(follow_redirects=True)

    assert "where no request can go safely" in str(error)
    assert not error.retryable


def test_redirect_is_bound_by_the_networks(site: Site, hooks: Hooks) -> None:
    site.status, site.headers = 307, {"Location": f"http://127.0.0.2:{site.port}/internal"}

    error = hooks.refusal(follow_redirects=True, deny_networks=["127.0.0.2/32"])

    assert str(error) == "127.0.0.2 leads to 127.0.0.2, where allow_networks and deny_networks let nothing go"
    assert (error.retryable, len(site.requests)) == (False, 1)
