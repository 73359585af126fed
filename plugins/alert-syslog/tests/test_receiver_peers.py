"""What rsyslogd, syslog-ng and loggen, real senders, get through to the receiver."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alert_core.testing.peers import require

pytestmark = pytest.mark.peers

# Each reads datagrams at one port and forwards them; what is tested is how it forwards.
RSYSLOG = """
global(maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off" workDirectory="{folder}" {files})
module(load="imudp")
input(type="imudp" port="{inlet}" address="127.0.0.1")
action(type="omfwd" target="127.0.0.1" port="{port}" protocol="{protocol}" template="{template}" {options})
"""
RSYSLOG_FILES = """
    defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{authority}"
    defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}" """
RSYSLOG_WAYS = {
    "udp": "",
    "tcp-newline": 'TCP_Framing="traditional"',
    "tcp-octets": 'TCP_Framing="octet-counted"',
    "tls": """TCP_Framing="octet-counted" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name"
        StreamDriverPermittedPeers="localhost" """,
}
SYSLOG_NG = """@version: 3.38
options {{ keep-hostname(yes); use-dns(no); log-msg-size(65536); stats-freq(0); chain-hostnames(no); }};
source inlet {{ network(ip("127.0.0.1") port({inlet}) transport("udp") flags(no-multi-line)); }};
destination outlet {{ {driver}("127.0.0.1" port({port}) transport("{protocol}") {options}); }};
log {{ source(inlet); destination(outlet); }};
"""
SYSLOG_NG_TLS = """tls(ca-file("{authority}") cert-file("{certificate}") key-file("{key}") peer-verify(required-untrusted))"""
WAYS = tuple(RSYSLOG_WAYS)
COUNT = 200


class Forwarder:
    """A real syslog server that forwards what it hears.

    Args:
        program: Which one.
        way: How it forwards.
        port: Where to.
        form: `rfc3164` or `rfc5424`.
    """

    def __init__(self, program: str, way: str, *, port: int, form: str, folder: Path, certificates: Any) -> None:
        self._program, self._folder, self._name = require(program), folder, program
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.inlet = probe.getsockname()[1]
        files = {
            "authority": certificates["authority"],
            "certificate": certificates["client"],
            "key": certificates.key("client"),
        }
        written = self._rsyslog if program == "rsyslogd" else self._syslog_ng
        (folder / "forward.conf").write_text(written(way, port, form, files), encoding="ascii")

    def _rsyslog(self, way: str, port: int, form: str, files: dict[str, Any]) -> str:
        return RSYSLOG.format(
            folder=self._folder,
            files=RSYSLOG_FILES.format(**files) if way == "tls" else "",
            inlet=self.inlet,
            port=port,
            protocol="udp" if way == "udp" else "tcp",
            template="RSYSLOG_SyslogProtocol23Format" if form == "rfc5424" else "RSYSLOG_TraditionalForwardFormat",
            options=RSYSLOG_WAYS[way],
        )

    def _syslog_ng(self, way: str, port: int, form: str, files: dict[str, Any]) -> str:
        # Its `syslog` counts octets and writes RFC 5424; its `network` ends messages in line feeds, in either form.
        lines = way == "tcp-newline" or form == "rfc3164"
        options = ["flags(syslog-protocol)"] if lines and form == "rfc5424" else []
        options += [SYSLOG_NG_TLS.format(**files)] if way == "tls" else []
        return SYSLOG_NG.format(
            inlet=self.inlet,
            port=port,
            driver="network" if lines else "syslog",
            protocol=way.partition("-")[0],
            options=" ".join(options),
        )

    def _command(self) -> list[str]:
        configuration = self._folder / "forward.conf"
        if self._name == "rsyslogd":
            return [self._program, "-n", "-f", str(configuration), "-i", str(self._folder / "pid")]
        own = {"persist-file": "persist", "pidfile": "pid", "control": "control"}
        files = [f"--{option}={self._folder / name}" for option, name in own.items()]
        return [self._program, "--foreground", "--no-caps", f"--cfgfile={configuration}", *files]

    @contextmanager
    def running(self) -> Iterator[socket.socket]:
        """A socket that leads to it, once it listens."""
        with (self._folder / "forward.err").open("wb") as errors:
            daemon = subprocess.Popen(self._command(), stdout=errors, stderr=errors, cwd=self._folder)
            try:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inlet:
                    inlet.connect(("127.0.0.1", self.inlet))
                    self._await(inlet)
                    yield inlet
            finally:
                daemon.terminate()
                daemon.wait(20)

    def _await(self, inlet: socket.socket) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                inlet.send(b"<134>Mar  1 12:00:00 sensor probe: are you there")
                time.sleep(0.02)
                inlet.send(b"<134>Mar  1 12:00:00 sensor probe: are you there")
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self._folder / "forward.err").read_text())


@pytest.mark.parametrize("program", ["rsyslogd", "syslog-ng"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
def test_everything_that_a_server_forwards_arrives(
    receive: Any, program: str, way: str, form: str, tmp_path: Path, certificates: Any
) -> None:
    tls = {"certificate": str(certificates["server"]), "key": str(certificates.key("server"))}
    demands = {"client_ca_file": str(certificates["authority"]), "client_names": ["client"]}
    place, settings = ("tls", {"tls": tls | demands}) if way == "tls" else (way.partition("-")[0], {})

    with receive(f"{place}:127.0.0.1", **settings) as source:
        forwarder = Forwarder(program, way, port=source.port, form=form, folder=tmp_path, certificates=certificates)
        with forwarder.running() as inlet:
            for number in range(COUNT):
                inlet.send(f"<134>Mar  1 12:00:00 sensor app[{number}]: number {number} grüße {'x' * number}".encode())
                time.sleep(0.0005)  # the way into the forwarder may not lose any
            found = arrived(source, COUNT)

    assert found == [f"number {number} grüße {'x' * number}" for number in range(COUNT)]
    assert set(source.taken.senders) == {"127.0.0.1"}
    heads = {re.sub(rb"\d{4}-\S+", b"STAMP", record.partition(b" number")[0]) for record in source.taken.records}
    assert all(
        head.startswith(b"<134>1 STAMP sensor app" if form == "rfc5424" else b"<134>Mar  1 ") for head in heads - probes(heads)
    )


def probes(heads: set[bytes]) -> set[bytes]:
    return {head for head in heads if b"probe" in head}


def arrived(source: Any, count: int) -> list[str]:
    """The texts that were sent, in order, without the probes."""
    end = time.monotonic() + 20
    while True:
        texts = [record.decode() for record in source.taken.records if b" number " in record]
        if len(texts) >= count:
            return [text[text.index("number ") :] for text in texts]
        assert time.monotonic() < end, f"{len(texts)} of {count}: {source.taken.records[-3:]}"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [["-i", "-S"], ["-i", "-S", "-P"], ["-i", "-S", "-P", "-F"], ["-i", "-D"], ["-U"]],
    ids=["tcp", "tcp-octets", "tcp-5424-lines", "udp", "tls"],
)
def test_everything_that_loggen_sends_in_a_hurry_arrives(receive: Any, options: list[str], certificates: Any) -> None:
    loggen = require("loggen")
    tls = {"certificate": str(certificates["server"]), "key": str(certificates.key("server"))}
    place, settings = {"-D": ("udp", {}), "-U": ("tls", {"tls": tls})}.get(options[-1], ("tcp", {}))

    with receive(f"{place}:127.0.0.1", **settings) as source:
        command = [loggen, *options, "--rate=5000", "--interval=10", "--size=300", "127.0.0.1", str(source.port)]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
        sent = int(re.findall(r"count=(\d+)", said.stdout + said.stderr)[-1])
        end = time.monotonic() + 10
        while len(source.taken.records) + source.taken.lost < sent and time.monotonic() < end:
            time.sleep(0.05)

    print(f"sent {sent}, received {len(source.taken.records)}, lost {source.taken.lost}")
    assert sent > 40_000
    assert len(source.taken.records) + source.taken.lost == sent
    assert source.taken.lost == 0 or place == "udp"
    numbers = Counter(re.findall(rb"seq: (\d+)", b"\n".join(source.taken.records)))
    assert set(numbers.values()) == {1}
