"""Whom the action trusts, and how it shows who it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Authority, Hooks, ServeTls, Site


def test_request_arrives_when_the_certificate_is_trusted(encrypted_site: Site, authority: Authority, hooks: Hooks) -> None:
    hook = hooks(server="localhost", port=encrypted_site.port, tls={"ca_file": authority.file})

    hook.send(hooks.notification())
    hook.send(hooks.notification())

    assert (len(encrypted_site.requests), encrypted_site.connections) == (2, 1)


def test_certificate_of_nobody_known_is_refused(encrypted_site: Site, hooks: Hooks) -> None:
    error = hooks.refusal(server="localhost", port=encrypted_site.port)

    place = f"web server localhost:{encrypted_site.port}"
    assert str(error) == f"{place} cannot be trusted: unable to get local issuer certificate"
    assert (error.retryable, encrypted_site.requests) == (True, [])


def test_expired_certificate_is_refused(authority: Authority, hooks: Hooks, serve_tls: ServeTls, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    site = serve_tls(authority.issue(tmp_path, "localhost", not_after=yesterday))

    error = hooks.refusal(server="localhost", port=site.port, tls={"ca_file": authority.file})

    assert str(error) == f"web server localhost:{site.port} cannot be trusted: certificate has expired"
    assert site.requests == []


def test_certificate_for_another_name_is_refused(
    authority: Authority, hooks: Hooks, serve_tls: ServeTls, tmp_path: Path
) -> None:
    site = serve_tls(authority.issue(tmp_path, "tickets.example.com"))
    settings = {"server": "localhost", "port": site.port}

    error = hooks.refusal(**settings, tls={"ca_file": authority.file})
    hooks(**settings, tls={"ca_file": authority.file, "server_name": "tickets.example.com"}).send(hooks.notification())

    assert "cannot be trusted: Hostname mismatch, certificate is not valid for 'localhost'" in str(error)
    assert len(site.requests) == 1


def test_client_certificate_opens_the_door(authority: Authority, hooks: Hooks, serve_tls: ServeTls, tmp_path: Path) -> None:
    site = serve_tls(authority.issue(tmp_path, "localhost"), authority.file)
    client = authority.issue(tmp_path, "alert@example.com")
    trust = {"ca_file": authority.file}

    error = hooks.refusal(server="localhost", port=site.port, tls=trust)
    hooks(server="localhost", port=site.port, tls=trust | {"certificate": client}).send(hooks.notification())

    assert error.retryable
    assert len(site.requests) == 1


def test_client_certificate_is_not_shown_to_another_server(
    authority: Authority, hooks: Hooks, serve_tls: ServeTls, tmp_path: Path
) -> None:
    home = serve_tls(authority.issue(tmp_path, "localhost"), authority.file)
    other = serve_tls(authority.issue(tmp_path, "127.0.0.1"), authority.file)
    home.status, home.headers = 307, {"Location": f"https://127.0.0.1:{other.port}/"}
    tls = {"ca_file": authority.file, "certificate": authority.issue(tmp_path, "alert@example.com")}

    hooks.refusal(server="localhost", port=home.port, tls=tls, follow_redirects=True)

    assert (len(home.requests), other.requests) == (1, [])


def test_encryption_is_never_given_up(encrypted_site: Site, site: Site, authority: Authority, hooks: Hooks) -> None:
    encrypted_site.status, encrypted_site.headers = 307, {"Location": f"http://127.0.0.1:{site.port}/plain"}
    tls = {"ca_file": authority.file}

    error = hooks.refusal(server="localhost", port=encrypted_site.port, tls=tls, follow_redirects=True)

    assert "where no request can go safely" in str(error)
    assert (error.retryable, site.requests) == (False, [])


@pytest.mark.parametrize("setting", ["ca_file", "certificate"])
def test_file_that_is_missing_is_named_and_read_again(
    encrypted_site: Site, authority: Authority, hooks: Hooks, tmp_path: Path, setting: str
) -> None:
    late = tmp_path / "late.pem"
    hook = hooks(server="localhost", port=encrypted_site.port, tls={"ca_file": authority.file} | {setting: late})
    with pytest.raises(Exception, match=f"tls.{setting} '{late}' cannot be used: No such file or directory") as caught:
        hook.send(hooks.notification())
    late.write_bytes((authority.file if setting == "ca_file" else authority.issue(tmp_path, "a@example.com")).read_bytes())

    hook.send(hooks.notification())

    assert caught.value.retryable
    assert len(encrypted_site.requests) == 1
