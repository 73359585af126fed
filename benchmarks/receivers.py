"""`python -m benchmarks.receivers`: how fast messages are received, beside Debian's rsyslogd that writes them to a file.

Sender and receiver are processes of their own on different cores. Over TCP and TLS the sender has to wait for the receiver, so
that the rate is the receiver's; over UDP it sends as fast as it can, and what did not arrive is told.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sqlite3
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.processes import pin
from benchmarks.rounds import ROOT

TRANSPORTS = ("udp", "tcp", "tls")
COUNTS = {"udp": 50_000, "tcp": 100_000, "tls": 100_000}
PATIENCE_SECONDS = 60.0
MARK = b"benchmark-message"
LAST = b"<134>1 2026-03-01T12:00:00.000000Z host last 7 - - the end"
_TICKS = os.sysconf("SC_CLK_TCK")

RSYSLOG = """
global(workDirectory="{folder}" maxMessageSize="64k" {files})
module(load="im{kind}" {tls})
template(name="raw" type="string" string="%rawmsg%\\n")
input(type="im{kind}" port="{port}" address="127.0.0.1" {buffer})
action(type="omfile" file="{folder}/stored.log" template="raw")
"""
RSYSLOG_FILES = """defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{folder}/server.pem"
    defaultNetstreamDriverCertFile="{folder}/server.pem" defaultNetstreamDriverKeyFile="{folder}/server.key" """
RSYSLOG_TLS = 'streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"'
ALERT = """
[sources.net]
type = "syslog"
listen = ["{transport}:127.0.0.1:{port}"]
{tls}
[conditions.failures]
type = "threshold"
where = {{ application = "sshd" }}
per = "single-computer"
count = 100000
minutes = 60
[conditions.last]
type = "threshold"
where = {{ application = "last" }}
count = 1
"""
ALERT_TLS = 'tls = {{ certificate = "{folder}/server.pem", key = "{folder}/server.key" }}'


@dataclass(frozen=True)
class Receiver:
    """One receiver in a folder of its own.

    Attributes:
        title: What the table calls it.
        name: `rsyslogd` or `alert`.
    """

    title: str
    name: str

    def command(self, transport: str, port: int, folder: Path) -> list[str]:
        """What starts it, in the foreground."""
        values: dict[str, Any] = {"folder": folder, "port": port, "transport": transport}
        encrypted = transport == "tls"
        if self.name == "rsyslogd":
            kind = "udp" if transport == "udp" else "tcp"
            tls = RSYSLOG_TLS if encrypted else ""
            files = RSYSLOG_FILES.format(**values) if encrypted else ""
            buffer = 'rcvbufSize="16m"' if kind == "udp" else ""
            (folder / "server.conf").write_text(RSYSLOG.format(kind=kind, tls=tls, files=files, buffer=buffer, **values))
            return [_rsyslogd(), "-n", "-f", str(folder / "server.conf"), "-i", str(folder / "pid")]
        tls = ALERT_TLS.format(**values) if encrypted else ""
        (folder / "alert.toml").write_text(ALERT.format(**{**values, "tls": tls}))
        return [sys.executable, "-m", "alert_core", "-q", "run", "--config", str(folder / "alert.toml")]

    def files(self, folder: Path) -> list[Path]:
        """Where what it received is on disk."""
        return sorted(folder.glob("stored.log" if self.name == "rsyslogd" else "state/sources/net/spool/*.spool"))


RSYSLOGD, OURS = Receiver("rsyslogd, to a file", "rsyslogd"), Receiver("alert run, on disk", "alert")
DECIDED = "alert run, decided"
_COLUMNS = ("receiver", "n/s", "least - most", "CPU us", "x rsyslogd", "lost %")


def _rsyslogd() -> str:
    found = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise RuntimeError("rsyslogd is not installed")
    return found


def message(number: int) -> bytes:
    """A message of usual size, about 250 bytes."""
    text = b"Failed password for invalid user admin from 203.0.113.%d port %d ssh2; " % (number % 256, 1024 + number % 60_000)
    text += b"%s %d; " % (MARK, number)
    head = b'<38>1 2026-03-01T12:00:%02d.%06dZ web-%d sshd 4711 - [origin@32473 ip="192.0.2.17" software="sshd"] '
    return head % (number // 1000 % 60, number % 1_000_000, number % 100) + text + b"x" * 30


@contextmanager
def _running(receiver: Receiver, transport: str, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    with tempfile.TemporaryDirectory(prefix="alert-benchmark-") as name:
        folder = Path(name)
        if transport == "tls":
            _make_certificate(folder)
        with subprocess.Popen(
            receiver.command(transport, port, folder), cwd=ROOT, preexec_fn=pin, stdout=subprocess.DEVNULL
        ) as process:
            try:
                yield process, folder
            finally:
                process.kill()


def _make_certificate(folder: Path) -> None:
    options = [
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    files = ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.pem")]
    subprocess.run(["openssl", "req", *options, *files], check=True, capture_output=True)


def _measure(receiver: Receiver, transport: str, count: int) -> dict[str, float]:
    """One round; seconds for one message by the clock and of CPU, and how many were lost."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with _running(receiver, transport, port) as (process, folder):
        _await_listening(process, transport, port)
        sender = [sys.executable, "-m", "benchmarks.receivers", "--send", transport, str(port), str(count)]
        with subprocess.Popen(sender, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sending:
            assert sending.stdout is not None
            assert sending.stdin is not None
            sending.stdout.readline()  # it has made the messages
            used, began = _cpu_of(process.pid), time.perf_counter()
            sending.stdin.close()
            stored, wall = _await_stored(receiver, folder, count, sending, began)
        result = {"stored": stored, "wall": wall / stored, "lost": 1 - stored / count}
        if receiver.name == "alert":
            result["decided"] = (_await_decided(folder, transport, port) - began) / stored
        result["cpu"] = (_cpu_of(process.pid) - used) / stored
    return result


def _await_listening(process: subprocess.Popen[bytes], transport: str, port: int) -> None:
    end, name = time.monotonic() + PATIENCE_SECONDS, "udp" if transport == "udp" else "tcp"
    while f":{port:04X} " not in Path(f"/proc/net/{name}").read_text(encoding="ascii"):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the receiver does not listen")
        time.sleep(0.01)
    time.sleep(0.5)  # it may still be busy with its start


def _await_stored(
    receiver: Receiver, folder: Path, count: int, sending: subprocess.Popen[bytes], began: float
) -> tuple[int, float]:
    """How many messages are on disk when no more come, and how long that took."""
    places: dict[Path, int] = {}
    stored, wall = 0, 0.0
    while stored < count and time.perf_counter() - began < PATIENCE_SECONDS:
        more = sum(_count_more(file, places) for file in receiver.files(folder))
        if more:
            stored, wall = stored + more, time.perf_counter() - began
        elif sending.poll() is not None and time.perf_counter() - began - wall > 1:
            break
        time.sleep(0.01)
    if not stored:
        raise RuntimeError("nothing was received")
    return stored, wall


def _count_more(file: Path, places: dict[Path, int]) -> int:
    """How many messages are behind the place up to which a file was looked at."""
    try:
        with file.open("rb") as opened:
            opened.seek(places.get(file, 0))
            data = opened.read()
    except FileNotFoundError:  # everything in it was decided, and counted here before that
        return 0
    whole = data.rfind(MARK) + len(MARK) if MARK in data else 0
    places[file] = places.get(file, 0) + whole
    return data.count(MARK)


def _await_decided(folder: Path, transport: str, port: int) -> float:
    """When the last message, sent now, has led to a notification."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        send(transport, port, [LAST])
        for _ in range(50):
            with suppress(sqlite3.Error), closing(sqlite3.connect(folder / "state" / "alert.db")) as database:
                if database.execute("SELECT count(*) FROM notifications").fetchone()[0]:
                    return time.perf_counter()
            time.sleep(0.01)
    raise RuntimeError("the last message led to nothing")


def _cpu_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def send(transport: str, port: int, messages: Sequence[bytes]) -> None:
    """Send messages, with octet counting where there is a connection."""
    if transport == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(("127.0.0.1", port))
            for one in messages:
                sender.send(one)
        return
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as plain:
        stream = b"".join(b"%d %s" % (len(one), one) for one in messages)
        if transport == "tcp":
            plain.sendall(stream)
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as encrypted:
            encrypted.sendall(stream)
            with suppress(OSError):  # not every server says goodbye
                encrypted.unwrap()


def report(transports: Sequence[str], rounds: int, scale: float = 1.0) -> str:
    """Measure and tabulate, interleaved."""
    parts = []
    for transport in transports:
        measures: dict[str, list[dict[str, float]]] = {RSYSLOGD.title: [], OURS.title: [], DECIDED: []}
        for _ in range(rounds):
            for receiver in (RSYSLOGD, OURS):
                one = _measure(receiver, transport, int(COUNTS[transport] * scale))
                measures[receiver.title].append(one)
                if receiver is OURS:
                    measures[DECIDED].append({**one, "wall": one["decided"]})
        rows = [_row(title, own, measures[RSYSLOGD.title]) for title, own in measures.items()]
        parts.append(f"Receivers: syslog over {transport}\n\n{tables.table(_COLUMNS, rows)}\n")
    return "\n".join(parts)


def _row(title: str, own: list[dict[str, float]], reference: list[dict[str, float]]) -> list[str]:
    rates = sorted(1 / one["wall"] for one in own)
    ratio = statistics.median(mine["wall"] / other["wall"] for mine, other in zip(own, reference, strict=True))
    return [
        title,
        f"{statistics.median(rates):,.0f}",
        f"{rates[0]:,.0f} - {rates[-1]:,.0f}",
        f"{statistics.median(one['cpu'] for one in own) * 1e6:,.1f}",
        tables.times(ratio),
        f"{statistics.median(one['lost'] for one in own) * 100:.1f}",
    ]


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receivers", description="Measure the receivers.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--only", nargs="+", choices=TRANSPORTS, help="measure only these transports")
    parser.add_argument("--scale", type=float, default=1.0, help="send this multiple of the usual number of messages (1)")
    parser.add_argument("--send", nargs=3, help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.send:
        transport, port, count = options.send
        pin(first=True)
        messages = [message(number) for number in range(int(count))]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
        send(transport, int(port), messages)
    else:
        print(report(options.only or TRANSPORTS, options.rounds, options.scale), flush=True)


if __name__ == "__main__":
    main()
