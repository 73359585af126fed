"""Challenges as servers word them, and whether they are met."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Hooks, Site

ANN = {"auth": "digest", "user": "ann", "password": "hunter2"}

CHALLENGES: dict[str, tuple[list[str], str]] = {
    "MD5": (['Digest realm="r", qop="auth", nonce="n", algorithm=MD5'], "MD5"),
    "no algorithm": (['Digest realm="r", qop="auth", nonce="n"'], ""),
    "quoted algorithm": (['Digest realm="r", qop="auth", nonce="n", algorithm="MD5"'], "MD5"),
    "no quality": (['Digest realm="r", nonce="n"'], ""),
    "several qualities": (['Digest realm="r", qop="auth-int, auth", nonce="n"'], ""),
    "commas without blanks": (['digest realm="r",qop=auth,nonce="n",algorithm=SHA-256'], "SHA-256"),
    "SHA-256": (['Digest realm="r, \\t=x", qop="auth", nonce="n", algorithm=SHA-256, opaque="o"'], "SHA-256"),
    "session": (['Digest realm="r", qop="auth", nonce="n", algorithm=SHA-256-sess'], "SHA-256-sess"),
    "MD5 session": (['Digest realm="r", qop="auth", nonce="n", algorithm=MD5-sess'], "MD5-sess"),
    "SHA-512-256": (['Digest realm="r", qop="auth", nonce="n", algorithm=SHA-512-256'], "SHA-512-256"),
    "best of several headers": (
        [
            'Digest realm="r", qop="auth", nonce="a", algorithm=MD5',
            'Digest realm="r", qop="auth", nonce="b", algorithm=SHA-256',
        ],
        "SHA-256",
    ),
    "best of several in one header": (
        ['Digest realm="a", nonce="a", algorithm=SHA-256, qop="auth", Digest realm="b", nonce="b", algorithm=MD5, qop="auth"'],
        "SHA-256",
    ),
    "beside others": (['Basic realm="b", charset="UTF-8"', "Negotiate", 'Digest realm="r", qop="auth", nonce="n"'], ""),
    "after others": (['Basic realm="b", Digest realm="r", qop="auth", nonce="n", Negotiate abc=='], ""),
    "unknown beside known": (
        ['Digest realm="r", qop="auth", nonce="n", algorithm=SHA3', 'Digest realm="r", qop="auth", nonce="n", algorithm=MD5'],
        "MD5",
    ),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_challenge_is_met(site: Site, hooks: Hooks, name: str) -> None:
    site.digest_password, (site.challenges, algorithm) = "hunter2", CHALLENGES[name]
    hook = hooks(**ANN)

    hook.send(hooks.notification())
    hook.send(hooks.notification())

    assert [each.headers["Authorization"] is None for each in site.requests] == [True, False, False]
    assert (re.findall(r"algorithm=([\w-]+)", site.requests[-1].headers["Authorization"]) or [""]) == [algorithm]


@pytest.mark.parametrize(
    "challenges",
    [
        ['Basic realm="r"'],
        ['Digest realm="r", qop="auth", nonce="n", algorithm=SHA3'],
        ['Digest realm="r", qop="auth-int", nonce="n"'],
        [],
        ["Digest"],
        ['Digest realm="unfinished'],
        ["="],
    ],
)
def test_challenge_that_cannot_be_met_is_final(site: Site, hooks: Hooks, challenges: list[str]) -> None:
    site.digest_password, site.challenges = "other", challenges

    error = hooks.refusal(**ANN)

    assert (str(error), error.retryable) == (f"web server 127.0.0.1:{site.port} answers 401 Unauthorized", False)
    assert all("hunter2" not in str(each.headers.items()) for each in site.requests)
    assert not any("Basic" in str(each.headers["Authorization"]) for each in site.requests)


def test_challenge_that_has_grown_old_is_met_again(site: Site, hooks: Hooks) -> None:
    site.digest_password, hook = "hunter2", hooks(**ANN)

    for site.nonce in ("first", "second"):
        site.challenges = [f'Digest realm="r", qop="auth", nonce="{site.nonce}", stale=true']
        hook.send(hooks.notification())

    assert len(site.requests) == 4


def test_requests_are_counted(site: Site, hooks: Hooks) -> None:
    site.digest_password, site.challenges, hook = "hunter2", ['Digest realm="r", qop="auth", nonce="n"'], hooks(**ANN)

    for _ in range(3):
        hook.send(hooks.notification())

    proofs = [each.headers["Authorization"] for each in site.requests[1:]]
    assert [re.findall(r"nc=(\w+)", proof) for proof in proofs] == [["00000001"], ["00000002"], ["00000003"]]


@pytest.mark.parametrize(("charset", "name"), [(', charset="UTF-8"', "username*=UTF-8''j%C3%B6rg"), ("", 'username="jörg"')])
def test_name_outside_ascii_is_said_as_the_server_asks(site: Site, hooks: Hooks, charset: str, name: str) -> None:
    site.challenges = [f'Digest realm="r", qop="auth", nonce="n"{charset}']
    site.digest_password = "hünter2" if charset else ""
    site.status = 204 if charset else 401
    account: dict[str, Any] = {"auth": "digest", "user": "jörg", "password": "hünter2"}

    if charset:
        hooks(**account).send(hooks.notification())
    else:
        hooks.refusal(**account)

    assert name in site.requests[-1].headers["Authorization"].encode("latin-1").decode()
