"""Requests to real web servers and through real proxies; what is asserted is what these programs logged."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from alert_core import Notification
from alert_core.testing.peers import free_port, require

if TYPE_CHECKING:
    from conftest import Authority, Hooks, Site

pytestmark = pytest.mark.peers

ACCOUNT = {"user": "ann", "password": "hünter2"}
FOREIGN = {"user": "jörg", "password": "hünter2"}

RECORDER = """#!/bin/sh
cat > {folder}/body
printf 'Status: 204 No Content\\r\\n\\r\\n'
"""

APACHE = """
ServerRoot {folder}
ServerName localhost
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder}
Listen 127.0.0.1:{port}
StartServers 1
{modules}
User {user}
ErrorLog {folder}/errors
LogFormat "%u %m %U%q %>s %{{Idempotency-Key}}i"
CustomLog {folder}/log "%u %m %U%q %>s %{{Idempotency-Key}}i"
ScriptAlias /basic {folder}/record
ScriptAlias /digest {folder}/record
<Location />
  Require valid-user
  AuthName "alert here"
</Location>
<Location /basic>
  AuthType Basic
  AuthUserFile {folder}/basic
</Location>
<Location /digest>
  AuthType Digest
  AuthDigestProvider file
  AuthUserFile {folder}/digest
</Location>
"""
APACHE_MODULES = (
    "mpm_prefork", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "alias", "cgi",
)  # fmt: skip

LIGHTTPD = """
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_cgi", "mod_accesslog")
server.document-root = "{folder}"
server.port = {port}
server.bind = "127.0.0.1"
server.errorlog = "{folder}/errors"
accesslog.filename = "{folder}/log"
accesslog.format = "%u %m %U%q %>s %{{Idempotency-Key}}i"
alias.url = ("/basic" => "{folder}/record", "/md5" => "{folder}/record", "/sha" => "{folder}/record")
alias.url += ("/both" => "{folder}/record")
cgi.assign = ("record" => "")
auth.backend = "plain"
auth.backend.plain.userfile = "{folder}/plain"
auth.require = (
  "/basic" => ("method" => "basic", "realm" => "alert here", "require" => "valid-user"),
  "/md5" => ("method" => "digest", "realm" => "alert here", "require" => "valid-user", "algorithm" => "MD5"),
  "/sha" => ("method" => "digest", "realm" => "alert here", "require" => "valid-user", "algorithm" => "SHA-256"),
  "/both" => ("method" => "digest", "realm" => "alert here", "require" => "valid-user", "algorithm" => "MD5|SHA-256"),
)
"""

SQUID = """
http_port 127.0.0.1:{port}
visible_hostname localhost
pid_filename {folder}/pid
cache_log {folder}/errors
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
logformat short %[un %rm %ru %>Hs
access_log stdio:{folder}/log short
{auth}
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""
SQUID_AUTH = {
    "basic": "auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/basic\nauth_param basic utf8 on",
    "digest": "auth_param digest program /usr/lib/squid/digest_file_auth {folder}/plain\nauth_param digest realm alert here\n"
    "auth_param digest utf8 on",
}

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 20
MaxClients 10
PidFile "{folder}/pid"
LogFile "{folder}/log"
LogLevel Connect
BasicAuth ann hunter2
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user of a daemon may use as well, which that of pytest is not."""
    path = Path(tempfile.mkdtemp(prefix="alert-web-"))
    path.chmod(0o777)
    (path / "record").write_text(RECORDER.format(folder=path))
    (path / "record").chmod(0o755)
    (path / "plain").write_text("".join(f"{one['user']}:{one['password']}\n" for one in (ACCOUNT, FOREIGN)))
    yield path
    shutil.rmtree(path)


def passwords(folder: Path) -> None:
    for one in (ACCOUNT, FOREIGN):
        password = [require("openssl"), "passwd", "-apr1", one["password"]]
        shown = subprocess.run(password, check=True, capture_output=True, text=True).stdout.strip()
        with (folder / "basic").open("a") as file:
            file.write(f"{one['user']}:{shown}\n")
        proof = subprocess.run(
            ["openssl", "md5", "-r"],
            input=f"{one['user']}:alert here:{one['password']}".encode(),
            check=True,
            capture_output=True,
        )
        with (folder / "digest").open("a") as file:
            file.write(f"{one['user']}:alert here:{proof.stdout.split()[0].decode()}\n")


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
        try:
            until(lambda: process.poll() is not None or listens(port))
            if process.poll() is not None:
                pytest.fail(f"{command[0]} ends with {process.returncode}: {process.communicate()[0].decode()}")
            yield
        finally:
            process.terminate()
            process.communicate(timeout=20)


def listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def until(done: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def logged(folder: Path, *, lines: int) -> list[str]:
    """What the program says about requests, once it has written that many lines."""

    def read() -> list[str]:
        log = (folder / "log").read_text("latin-1") if (folder / "log").exists() else ""
        # Squid has a line for a connection without a request, too; that is how a start is noticed.
        return [line for line in log.splitlines() if "transaction-end-before-headers" not in line]

    until(lambda: len(read()) >= lines)
    return read()


@pytest.fixture
def apache(folder: Path) -> Iterator[int]:
    program, port = require("apache2"), free_port()
    passwords(folder)
    home = Path("/usr/lib/apache2/modules")
    modules = "\n".join(f"LoadModule {name}_module {home}/mod_{name}.so" for name in APACHE_MODULES)
    user = "www-data" if os.getuid() == 0 else f"#{os.getuid()}"
    (folder / "conf").write_text(APACHE.format(folder=folder, port=port, modules=modules, user=user))
    with running([program, "-D", "FOREGROUND", "-f", str(folder / "conf")], port):
        yield port


@pytest.fixture
def lighttpd(folder: Path) -> Iterator[int]:
    program, port = require("lighttpd"), free_port()
    (folder / "conf").write_text(LIGHTTPD.format(folder=folder, port=port))
    with running([program, "-D", "-f", str(folder / "conf")], port):
        yield port


@pytest.fixture(params=["basic", "digest"])
def squid(request: pytest.FixtureRequest, folder: Path) -> Iterator[dict[str, Any]]:
    program, port = require("squid"), free_port()
    passwords(folder)
    auth = SQUID_AUTH[request.param].format(folder=folder)
    (folder / "conf").write_text(SQUID.format(folder=folder, port=port, auth=auth))
    with running([program, "-N", "-f", str(folder / "conf")], port):
        yield {"host": "127.0.0.1", "port": port, "auth": request.param}


@pytest.fixture
def tinyproxy(folder: Path) -> Iterator[dict[str, Any]]:
    program, port = require("tinyproxy"), free_port()
    (folder / "conf").write_text(TINYPROXY.format(folder=folder, port=port))
    with running([program, "-d", "-c", str(folder / "conf")], port):
        yield {"host": "127.0.0.1", "port": port}


def received(folder: Path) -> Notification:
    return msgspec.json.decode((folder / "body").read_bytes(), type=Notification)


def test_apache_takes_basic(apache: int, folder: Path, hooks: Hooks) -> None:
    hook, sample = hooks(url=f"http://127.0.0.1:{apache}/basic?a=b", auth="basic", **ACCOUNT), hooks.notification()

    receipt = hook.send(sample)

    assert receipt.remote_id == "204 No Content"
    assert received(folder) == sample
    assert logged(folder, lines=1)[-1] == f"ann POST /basic?a=b 204 {hook.idempotency_key(sample)}"


@pytest.mark.parametrize("account", [ACCOUNT, FOREIGN])
def test_apache_takes_digest_with_md5(apache: int, folder: Path, hooks: Hooks, account: dict[str, str]) -> None:
    hook = hooks(url=f"http://127.0.0.1:{apache}/digest?a=b", auth="digest", **account)
    samples = [hooks.notification(), hooks.notification(id="0" * 32)]

    for sample in samples:
        hook.send(sample)

    # The second request brings its proof with it.
    assert [line.split()[-2] for line in logged(folder, lines=3)] == ["401", "204", "204"]
    assert logged(folder, lines=3)[-1].endswith(f" POST /digest?a=b 204 {hook.idempotency_key(samples[1])}")
    assert received(folder) == samples[1]


@pytest.mark.parametrize("kind", ["basic", "digest"])
def test_apache_refuses_a_wrong_password(apache: int, folder: Path, hooks: Hooks, kind: str) -> None:
    error = hooks.refusal(url=f"http://127.0.0.1:{apache}/{kind}", auth=kind, user="ann", password="wr0ng")

    assert str(error) == f"web server 127.0.0.1:{apache} answers 401 Unauthorized"
    assert not error.retryable
    assert not (folder / "body").exists()


def test_lighttpd_takes_basic(lighttpd: int, folder: Path, hooks: Hooks) -> None:
    hook, sample = hooks(url=f"http://127.0.0.1:{lighttpd}/basic", auth="basic", **ACCOUNT), hooks.notification()

    hook.send(sample)

    assert received(folder) == sample
    assert logged(folder, lines=1)[-1] == f"ann POST /basic 204 {hook.idempotency_key(sample)}"


@pytest.mark.parametrize("path", ["md5", "sha", "both"])
@pytest.mark.parametrize("account", [ACCOUNT, FOREIGN])
def test_lighttpd_takes_digest(lighttpd: int, folder: Path, hooks: Hooks, path: str, account: dict[str, str]) -> None:
    hook = hooks(url=f"http://127.0.0.1:{lighttpd}/{path}?a=b", auth="digest", **account)
    samples = [hooks.notification(), hooks.notification(id="0" * 32)]

    for sample in samples:
        hook.send(sample)

    assert [line.split()[-2] for line in logged(folder, lines=3)] == ["401", "204", "204"]
    assert received(folder) == samples[1]


def test_lighttpd_refuses_a_wrong_password(lighttpd: int, folder: Path, hooks: Hooks) -> None:
    error = hooks.refusal(url=f"http://127.0.0.1:{lighttpd}/sha", auth="digest", user="ann", password="wr0ng")

    assert str(error) == f"web server 127.0.0.1:{lighttpd} answers 401 Unauthorized"
    assert not (folder / "body").exists()


@pytest.mark.parametrize("account", [ACCOUNT, FOREIGN])
def test_squid_lets_http_through(
    squid: dict[str, Any], folder: Path, site: Site, hooks: Hooks, account: dict[str, str]
) -> None:
    hook = hooks(proxy=squid | account)

    for _ in range(2):
        hook.send(hooks.notification())

    log = logged(folder, lines=3 if squid["auth"] == "digest" else 2)
    assert [line.split()[-1] for line in log] == ["407"] * (squid["auth"] == "digest") + ["204", "204"]
    assert f"POST http://127.0.0.1:{site.port}/alerts 204" in log[-1]
    assert [each.headers["Proxy-Authorization"] for each in site.requests] == [None, None]


def test_squid_lets_https_through(
    squid: dict[str, Any], folder: Path, encrypted_site: Site, authority: Authority, hooks: Hooks
) -> None:
    tls = {"ca_file": authority.file}
    hook = hooks(server="localhost", port=encrypted_site.port, tls=tls, proxy=squid | ACCOUNT)

    for _ in range(2):
        hook.send(hooks.notification())
    hook.close()  # squid logs a tunnel when it ends

    log = logged(folder, lines=2 if squid["auth"] == "digest" else 1)
    assert [line.split()[-1] for line in log] == ["407"] * (squid["auth"] == "digest") + ["200"]
    assert log[-1] == f"ann CONNECT localhost:{encrypted_site.port} 200"
    assert (len(encrypted_site.requests), encrypted_site.connections) == (2, 1)
    assert [each.headers["Proxy-Authorization"] for each in encrypted_site.requests] == [None, None]


def test_squid_refuses_a_wrong_password(
    squid: dict[str, Any], site: Site, encrypted_site: Site, authority: Authority, hooks: Hooks
) -> None:
    proxy = squid | {"user": "ann", "password": "wr0ng"}

    plain = hooks.refusal(proxy=proxy)
    encrypted = hooks.refusal(server="localhost", port=encrypted_site.port, tls={"ca_file": authority.file}, proxy=proxy)

    words = "answers 407 Proxy Authentication Required"
    assert str(plain) == f"web server 127.0.0.1:{site.port} {words}"
    assert str(encrypted) == f"proxy 127.0.0.1:{squid['port']} {words} when asked for localhost:{encrypted_site.port}"
    assert not plain.retryable
    assert not encrypted.retryable
    assert site.requests + encrypted_site.requests == []


def test_tinyproxy_lets_http_through(tinyproxy: dict[str, Any], folder: Path, site: Site, hooks: Hooks) -> None:
    hooks(proxy=tinyproxy | {"user": "ann", "password": "hunter2"}).send(hooks.notification())

    assert any(f"POST http://127.0.0.1:{site.port}/alerts HTTP/1.1" in line for line in logged(folder, lines=3))
    assert [each.headers["Proxy-Authorization"] for each in site.requests] == [None]


def test_tinyproxy_lets_https_through(
    tinyproxy: dict[str, Any], folder: Path, encrypted_site: Site, authority: Authority, hooks: Hooks
) -> None:
    proxy = tinyproxy | {"user": "ann", "password": "hunter2"}

    hooks(server="localhost", port=encrypted_site.port, tls={"ca_file": authority.file}, proxy=proxy).send(hooks.notification())

    assert any(f"CONNECT localhost:{encrypted_site.port} HTTP/1.1" in line for line in logged(folder, lines=3))
    assert len(encrypted_site.requests) == 1


def test_tinyproxy_refuses_a_wrong_password(tinyproxy: dict[str, Any], encrypted_site: Site, hooks: Hooks) -> None:
    error = hooks.refusal(server="localhost", port=encrypted_site.port, proxy=tinyproxy | {"user": "ann", "password": "wr0ng"})

    assert f"proxy 127.0.0.1:{tinyproxy['port']} answers 40" in str(error)
    assert not error.retryable
