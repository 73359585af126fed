"""`python -m benchmarks.webhooks`: how fast `alert run` takes events over HTTP, from a request each to a hundred in a request.

Senders and receiver are processes of their own on different cores. A request counts when it was answered with yes, that is,
when its events are on disk; so a sender with one connection waits for the disk each time, and many share the wait.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import tables
from benchmarks.processes import pin
from benchmarks.rounds import ROOT

# title: connections, events in a request, requests of each connection
CASES = {
    "1 connection, 1 event in a request": (1, 1, 1000),
    "16 connections, 1 event in a request": (16, 1, 250),
    "1 connection, 100 events in a request": (1, 100, 300),
    "4 connections, 100 events in a request": (4, 100, 150),
}
CONFIGURATION = """
[sources.net]
type = "web"
listen = ["http:127.0.0.1:{port}"]
format = "json"
[conditions.failures]
type = "threshold"
where = {{ type = "auth-failure" }}
per = "single-computer"
count = 100000
minutes = 60
"""
_COLUMNS = ("senders", "events/s", "least - most", "requests/s", "CPU us per event")
_TICKS = os.sysconf("SC_CLK_TCK")


def event(number: int) -> dict[str, object]:
    """An event of usual size, about 250 bytes."""
    return {
        "time": f"2026-03-01T12:00:{number // 1000 % 60:02d}.{number % 1000:03d}Z", "type": "auth-failure",
        "computer": f"web-{number % 100}", "user": "admin", "source_address": f"203.0.113.{number % 256}",
        "source_port": 1024 + number % 60_000, "severity": "minor", "application": "sshd", "message": "x" * 60,
    }  # fmt: skip


@contextmanager
def _running() -> Iterator[tuple[int, int]]:
    """A receiver; its process and its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="alert-benchmark-") as name:
        file = Path(name) / "alert.toml"
        file.write_text(CONFIGURATION.format(port=port))
        command = [sys.executable, "-m", "alert_core", "-q", "run", "--config", str(file)]
        with subprocess.Popen(command, cwd=ROOT, preexec_fn=pin, stdout=subprocess.DEVNULL) as process:
            try:
                _await_listening(port)
                yield process.pid, port
            finally:
                process.kill()


def _await_listening(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            time.sleep(0.5)  # it may still be busy with its start
            return


def send(port: int, size: int, requests: int) -> None:
    """Post requests over one connection, each after the answer to the one before."""
    body = b"".join(json.dumps(event(number)).encode() + b"\n" for number in range(size))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(requests):
        connection.request("POST", "/events", body, {"Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        if answer.status != 200 or json.loads(answer.read())["kept"] != size:
            raise RuntimeError(f"{answer.status} {answer.reason}")
    connection.close()


def _measure(connections: int, size: int, requests: int) -> tuple[float, float]:
    """Seconds for one event by the clock, and of the receiver's CPU."""
    with _running() as (process, port):
        threads = [threading.Thread(target=send, args=(port, size, requests)) for _ in range(connections)]
        used, began = _cpu_of(process), time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        events = connections * size * requests
        return (time.perf_counter() - began) / events, (_cpu_of(process) - used) / events


def _cpu_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def report(rounds: int) -> str:
    """Measure and tabulate, interleaved."""
    pin(first=True)
    measures: dict[str, list[tuple[float, float]]] = {title: [] for title in CASES}
    for _ in range(rounds):
        for title, case in CASES.items():
            measures[title].append(_measure(*case))
    rows = []
    for title, own in measures.items():
        rates = sorted(1 / wall for wall, _ in own)
        rows.append([
            title,
            f"{statistics.median(rates):,.0f}",
            f"{rates[0]:,.0f} - {rates[-1]:,.0f}",
            f"{statistics.median(rates) / CASES[title][1]:,.0f}",
            f"{statistics.median(cpu for _, cpu in own) * 1e6:,.1f}",
        ])  # fmt: skip
    return f"Receivers: web requests, answered when on disk\n\n{tables.table(_COLUMNS, rows)}\n"


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description="Measure the web receiver.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    print(report(parser.parse_args().rounds), flush=True)


if __name__ == "__main__":
    main()
