"""What rsyslogd and syslog-ng, real syslog servers, read out of our messages and write to their files."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alert_core import Context, DeliveryError, Notification, Severity
from alert_core.testing.peers import free_port, require
from alert_core.wire import restored
from alert_syslog import SyslogAction, SyslogSettings

pytestmark = pytest.mark.peers

RSYSLOG = """
global(maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off" {tls_files})
module(load="im{kind}" {tls})
template(name="fields" type="string"
    string="%syslogfacility-text%|%syslogseverity-text%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%{end}")
input(type="im{kind}" port="{port}" address="127.0.0.1")
action(type="omfile" file="{stored}" template="fields")
"""
RSYSLOG_TLS_FILES = """
    defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{authority}"
    defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}" """
RSYSLOG_TLS = 'streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="{mode}"'

SYSLOG_NG = """@version: 3.38
options {{ keep-hostname(yes); use-dns(no); log-msg-size(65536); stats-freq(0); }};
source wire {{ {driver}(ip("127.0.0.1") port({port}) transport("{transport}") {flags} {tls}); }};
destination stored {{
    file("{stored}" template("$FACILITY|$LEVEL|$HOST|$PROGRAM|$MSGID|$SDATA|$MSG{end}")); }};
log {{ source(wire); destination(stored); }};
"""
SYSLOG_NG_TLS = """tls(key-file("{key}") cert-file("{certificate}") ca-file("{authority}") peer-verify({mode}))"""
END = "<end>\n"

UDP = {"transport": "udp"}
COUNTED = {"transport": "tcp"}
LINES = {"transport": "tcp", "framing": "newline"}
TLS = {"transport": "tls", "server": "localhost"}
TLS_LINES = TLS | {"framing": "newline"}
EVERY_WAY = pytest.mark.parametrize(
    "way", [UDP, COUNTED, LINES, TLS, TLS_LINES], ids=["udp", "tcp", "tcp-newline", "tls", "tls-newline"]
)
BOTH = pytest.mark.parametrize("program", ["rsyslogd", "syslog-ng"])


class Server:
    """A real server with one way in and one file.

    Args:
        program: Which one.
        settings: How messages will come.
        folder: For its files.
        certificates: For TLS.
        mutual: Whether it asks for a client certificate.
    """

    def __init__(self, program: str, settings: SyslogSettings, folder: Path, certificates: Any, *, mutual: bool) -> None:
        self.program, self.settings, self.folder = require(program), settings, folder
        self.stored, self.config = folder / "stored.log", folder / "server.conf"
        self.files = {"authority": certificates["authority"], "certificate": certificates["server"]}
        self.files["key"] = certificates.key("server")
        text = self.rsyslog(mutual) if program == "rsyslogd" else self.syslog_ng(mutual)
        self.config.write_text(text, encoding="ascii")
        self.name = program

    def rsyslog(self, mutual: bool) -> str:
        encrypted = self.settings.transport == "tls"
        tls = RSYSLOG_TLS.format(mode="x509/certvalid" if mutual else "anon") if encrypted else ""
        files = RSYSLOG_TLS_FILES.format(**self.files) if encrypted else ""
        kind = "udp" if self.settings.transport == "udp" else "tcp"
        end = END.replace("\n", "\\n")
        return RSYSLOG.format(
            kind=kind, tls=tls, tls_files=files, port=self.settings.port, stored=self.stored, end=end
        )  # fmt: skip

    def syslog_ng(self, mutual: bool) -> str:
        mode = "required-trusted" if mutual else "optional-untrusted"
        tls = SYSLOG_NG_TLS.format(mode=mode, **self.files) if self.settings.transport == "tls" else ""
        # Its `syslog` counts octets and takes RFC 5424; its `network` reads lines, or datagrams, of RFC 3164 unless told more.
        modern = self.settings.format == "rfc5424"
        plain = self.settings.framing == "newline" or (self.settings.transport == "udp" and not modern)
        return SYSLOG_NG.format(
            driver="network" if plain else "syslog",
            flags="flags(syslog-protocol)" if plain and modern else "",
            port=self.settings.port,
            transport=self.settings.transport,
            tls=tls,
            stored=self.stored,
            end=END.replace("\n", "\\n"),
        )

    def command(self) -> list[str]:
        if self.name == "rsyslogd":
            return [self.program, "-n", "-f", str(self.config), "-i", str(self.folder / "pid")]
        own = {"persist-file": "persist", "pidfile": "pid", "control": "control"}
        files = [f"--{option}={self.folder / name}" for option, name in own.items()]
        return [self.program, "--foreground", "--no-caps", f"--cfgfile={self.config}", *files]

    @contextmanager
    def running(self) -> Iterator[Server]:
        with (self.folder / "server.err").open("wb") as errors:
            daemon = subprocess.Popen(self.command(), stdout=errors, stderr=errors, cwd=self.folder)
            try:
                yield self
            finally:
                daemon.terminate()
                daemon.wait(20)

    def messages(self) -> list[str]:
        text = self.stored.read_text(encoding="utf-8") if self.stored.exists() else ""
        return text.split(END)[:-1]

    def await_messages(self, count: int) -> list[str]:
        end = time.monotonic() + 20
        while len(found := self.messages()) < count:
            assert time.monotonic() < end, f"stored: {found}; {(self.folder / 'server.err').read_text()}"
            time.sleep(0.05)
        return found


def settings_for(way: dict[str, Any], certificates: Any, **more: Any) -> SyslogSettings:
    given = {"server": "127.0.0.1", "port": free_port(), "hostname": "sensor"} | way
    if way["transport"] == "tls":
        given["tls"] = {"ca_file": certificates["authority"]}
    return SyslogSettings.model_validate(given | more)


def sample(**changes: Any) -> Notification:
    base = Notification.sample(datetime(2026, 3, 1, 7, 28, 3, tzinfo=UTC))
    return msgspec.structs.replace(base, severity=Severity.MAJOR, **changes)


def deliver_first(log: SyslogAction, server: Server, notification: Notification) -> str:
    """Send until the server, which may still be starting, has stored something; the first message."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(DeliveryError):
            log.send(notification)
            for _ in range(10):
                if found := server.messages():
                    return found[0]
                time.sleep(0.05)
        time.sleep(0.05)
    raise AssertionError(f"nothing was stored: {(server.folder / 'server.err').read_text()}")


@contextmanager
def running(
    program: str, settings: SyslogSettings, folder: Path, certificates: Any, *, mutual: bool = False
) -> Iterator[tuple[Server, SyslogAction]]:
    """A server, and an action that sends to it."""
    server = Server(program, settings, folder, certificates, mutual=mutual)
    with server.running(), closing(SyslogAction(settings, Context(name="log"))) as log:
        yield server, log


@BOTH
@EVERY_WAY
@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
def test_server_reads_every_field(program: str, way: dict[str, Any], form: str, tmp_path: Path, certificates: Any) -> None:
    settings = settings_for(way, certificates, format=form)
    notification = sample(condition='a "quoted] \\ one', body="grüße\nzwei \x1b[2J C:\\new\n")

    with running(program, settings, tmp_path, certificates) as (server, log):
        got = deliver_first(log, server, notification)

    facility, severity, host, app, msgid, data, text = got.split("|", 6)
    assert (facility, severity, host, app) == ("local0", "err", "sensor", "alert")
    assert ("\n\t" in text) == settings.keeps_lines
    text = restored(text.replace("\n\t", "\n")).strip().removeprefix("\ufeff")
    assert text == "TEST: alert can reach you: grüße\nzwei \x1b[2J C:\\new"
    if form == "rfc5424":
        assert msgid == "test"
        assert 'condition="a \\"quoted\\] \\\\ one"' in data


@BOTH
@pytest.mark.parametrize("body", ["cef", "leef", "json"])
def test_body_for_programs_arrives_to_the_letter(program: str, body: str, tmp_path: Path, certificates: Any) -> None:
    settings = settings_for(COUNTED, certificates, body=body)
    notification = sample(condition="a|b=c\\d^e", body="grüße\nzwei = drei\n")

    with running(program, settings, tmp_path, certificates) as (server, log):
        got = deliver_first(log, server, notification)

    text = got.split("|", 6)[6].strip()
    if body == "json":
        assert msgspec.convert(json.loads(text), Notification) == notification
    else:
        start, end = {
            "cef": ("CEF:0|alert|alert|0.1.0|a\\|b=c\\\\d^e|TEST: alert can reach you|7|", "msg=grüße\\nzwei \\= drei\\n"),
            "leef": ("LEEF:2.0|alert|alert|0.1.0|a␦{7c}b=c\\d^e|^|", "msg=grüße␊zwei = drei␊"),
        }[body]
        assert (text.startswith(start), text.endswith(end)) == (True, True)


@BOTH
def test_messages_follow_each_other_over_one_connection(program: str, tmp_path: Path, certificates: Any) -> None:
    settings = settings_for(TLS, certificates)

    with running(program, settings, tmp_path, certificates) as (server, log):
        deliver_first(log, server, sample(body="first"))
        before = len(server.messages())
        for number in range(50):
            log.send(sample(body=f"{number}\n{'x' * number}"))
        got = server.await_messages(before + 50)[before:]

    expected = ["0", *(f"{number}\n\t{'x' * number}" for number in range(1, 50))]
    assert [message.rpartition(": ")[2] for message in got] == expected


@BOTH
def test_client_certificate_is_shown(program: str, tmp_path: Path, certificates: Any) -> None:
    tls = {"ca_file": certificates["authority"], "certificate": certificates["client"], "key": certificates.key("client")}
    settings = settings_for(TLS, certificates, tls=tls)

    with running(program, settings, tmp_path, certificates, mutual=True) as (server, log):
        assert deliver_first(log, server, sample()).startswith("local0|err|sensor|alert|test|")


@BOTH
@pytest.mark.parametrize("shown", ["nothing", "a stranger"])
def test_refused_client_certificate_is_reported(program: str, shown: str, tmp_path: Path, certificates: Any) -> None:
    good = {"ca_file": certificates["authority"], "certificate": certificates["client"], "key": certificates.key("client")}
    bad = {"ca_file": certificates["authority"]}
    if shown == "a stranger":
        bad |= {"certificate": certificates["stranger"], "key": certificates.key("stranger")}
    settings = settings_for(TLS, certificates, tls=good)

    with running(program, settings, tmp_path, certificates, mutual=True) as (server, log):
        deliver_first(log, server, sample())
        log.close()
        before = len(server.messages())
        refused = settings.model_copy(update={"tls": settings_for(TLS, certificates, tls=bad).tls})
        with closing(SyslogAction(refused, Context(name="log"))) as other, pytest.raises(DeliveryError) as caught:
            other.send(sample())

    assert caught.value.retryable
    assert f"syslog server localhost:{settings.port} (tls) " in str(caught.value)
    assert len(server.messages()) == before


@BOTH
@pytest.mark.parametrize(
    ("trust", "server_name", "reason"),
    [("authority", "siem.example.com", "Hostname mismatch"), ("stranger", "", "has a certificate that is not trusted")],
)
def test_wrong_server_gets_nothing(
    program: str, trust: str, server_name: str, reason: str, tmp_path: Path, certificates: Any
) -> None:
    settings = settings_for(TLS, certificates)
    wary = settings_for(TLS, certificates, tls={"ca_file": certificates[trust], "server_name": server_name})
    wary = wary.model_copy(update={"port": settings.port})

    with running(program, settings, tmp_path, certificates) as (server, log):
        deliver_first(log, server, sample())
        log.close()
        before = len(server.messages())
        with closing(SyslogAction(wary, Context(name="log"))) as other, pytest.raises(DeliveryError, match=reason):
            other.send(sample())

    assert len(server.messages()) == before


@BOTH
def test_restarted_server_gets_the_next_message(program: str, tmp_path: Path, certificates: Any) -> None:
    settings = settings_for(COUNTED, certificates)
    server = Server(program, settings, tmp_path, certificates, mutual=False)

    with closing(SyslogAction(settings, Context(name="log"))) as log:
        with server.running():
            deliver_first(log, server, sample(body="before"))
        before = len(server.messages())
        with pytest.raises(DeliveryError, match="Connection refused"):
            log.send(sample(body="meanwhile"))
        with server.running():
            end = time.monotonic() + 20
            while len(server.messages()) == before and time.monotonic() < end:
                with suppress(DeliveryError):
                    log.send(sample(body="after"))
                time.sleep(0.1)

    assert server.messages()[before].endswith(": after")
