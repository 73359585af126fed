"""Whenever a receiver is killed: what it acknowledged is in the result, and nothing is in it twice.

Syslog has no answers, so a sender knows that a record is safe in one case only: it ended its side of the connection, and the
receiver, alive, then ended the other. Whatever is in the spool when the process dies counts as well, although nobody was told.

Each kill is a SIGKILL. `ALERT_RECEIVER_KILLS` says how many there are.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alert_core.runtime.spool import Spool

KILLS = int(os.environ.get("ALERT_RECEIVER_KILLS", "10"))
SENDERS = 4
BURST = 100
PAUSE_SECONDS = 0.05  # or a quick machine receives more than it can decide about while the test lasts
PATIENCE_SECONDS = 60

# Imports everything once and forks for each run: a kill during an import proves nothing, and imports take most of the time.
STARTER = """
import os, sys
import alert_core.cli.run, alert_core.config, alert_core.engine, alert_core.runtime.runner, alert_core.store
import alert_syslog._receiver
from alert_core.cli.main import main
from alert_core.plugins import Plugins

Plugins.load()
os.chdir(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        main(["-q", "run"])
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
CONFIGURATION = """
[store]
snapshot_seconds = 0.2
[sources.net]
type = "syslog"
listen = ["tcp:127.0.0.1:{tcp}", "udp:127.0.0.1:{udp}"]
[conditions.each]
type = "threshold"
where = {{ application = "numbered" }}
count = 1
damper = "none"
"""


class Lives:
    """Which life of the receiver it is.

    Attributes:
        current: Its number; 0 while it is being killed.
    """

    current = 0


class Sender(threading.Thread):
    """Sends bursts of numbered records, a connection each, and notes which were acknowledged.

    Args:
        name: In every record.
        port: Where to.
        lives: Tells one life of the receiver from another.
        over: Set at the end.
    """

    def __init__(self, name: str, port: int, lives: Lives, over: threading.Event) -> None:
        super().__init__(name=name)
        self._port, self._lives, self._over = port, lives, over
        self.acknowledged: list[str] = []
        self.sent = 0

    def run(self) -> None:
        while not self._over.is_set():
            life = self._lives.current
            try:
                with socket.create_connection(("127.0.0.1", self._port), 10) as sender:
                    self._burst(sender, life)
            except OSError:
                self._over.wait(0.01)
            self._over.wait(PAUSE_SECONDS)

    def _burst(self, sender: socket.socket, life: int) -> None:
        names = [f"{self.name}-{number}" for number in range(self.sent, self.sent + BURST)]
        self.sent += BURST
        records = [f"<134>1 - host numbered - - - record {name} end".encode() for name in names]
        sender.sendall(b"".join(b"%d %s" % (len(record), record) for record in records))
        sender.shutdown(socket.SHUT_WR)
        # The end of a process ends its connections as well, and that is no answer. Who was still alive after it has answered.
        if sender.recv(1) == b"" and self._lives.current == life != 0:
            self.acknowledged += names


class Datagrams(threading.Thread):
    """Sends numbered datagrams, about which nobody says anything."""

    def __init__(self, port: int, over: threading.Event) -> None:
        super().__init__()
        self._port, self._over = port, over

    def run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            number = 0
            while not self._over.wait(0.001):
                number += 1
                sender.sendto(b"<134>1 - host numbered - - - record datagram-%d end" % number, ("127.0.0.1", self._port))


@contextmanager
def starter(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", STARTER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.stdin.close()


def start(process: Any) -> int:
    process.stdin.write(b"run\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def notified(folder: Path) -> Counter[str]:
    """How often each record is in the result."""
    command = [sys.executable, "-m", "alert_core", "log", "export"]
    told = subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout
    texts = (json.loads(line)["event"]["message"] for line in told.splitlines())
    return Counter(re.search(r"record (\S+) end", text)[1] for text in texts)  # type: ignore[index]


def spooled(folder: Path, copy: Path) -> set[str]:
    """The records that are in the spool, as the next run will find it: without what the kill tore."""
    kept = folder / "state" / "sources" / "net" / "spool"
    if not kept.exists():  # it was killed before it had made any
        return set()
    shutil.copytree(kept, copy)
    with Spool(copy) as spool:
        found = {record for batch in spool.read(spool.begin, spool.end) for record in batch.records}
    shutil.rmtree(copy)
    return {re.search(rb"record (\S+) end", record)[1].decode() for record in found}  # type: ignore[index]


@pytest.mark.slow
def test_what_was_acknowledged_is_in_the_result_once_however_often_the_receiver_is_killed(receive: Any, tmp_path: Path) -> None:
    ports = receive("tcp:127.0.0.1", "udp:127.0.0.1").ports
    (tmp_path / "alert.toml").write_text(CONFIGURATION.format(tcp=ports[0], udp=ports[1]))
    lives, over, chance, kept = Lives(), threading.Event(), random.Random(20260301), set[str]()
    senders = [Sender(f"sender{number}", ports[0], lives, over) for number in range(SENDERS)]
    threads = [*senders, Datagrams(ports[1], over)]

    with starter(tmp_path) as process:
        for thread in threads:
            thread.start()
        for number in range(KILLS):
            child = start(process)
            lives.current = number + 1
            time.sleep(chance.uniform(0.05, 0.8))
            lives.current = 0
            os.kill(child, signal.SIGKILL)
            assert int(process.stdout.readline()) == -signal.SIGKILL
            kept |= spooled(tmp_path, tmp_path / "copy")
        over.set()
        for thread in threads:
            thread.join()
        last = start(process)
        wait_for_result(tmp_path, kept)
        os.kill(last, signal.SIGTERM)
        process.stdout.readline()

    acknowledged, result = [name for sender in senders for name in sender.acknowledged], notified(tmp_path)
    print(f"{KILLS} kills: {len(acknowledged)} acknowledged, {len(kept)} spooled, {len(result)} in the result")
    assert len(acknowledged) > KILLS * BURST / 4
    assert set(acknowledged) - kept == set()
    assert kept - set(result) == set()
    assert set(result.values()) == {1}


def wait_for_result(folder: Path, kept: set[str]) -> None:
    """Until everything that was kept is in the result, or nothing more comes of it."""
    left, end = len(kept) + 1, time.monotonic() + PATIENCE_SECONDS
    while left and time.monotonic() < end:
        missing = len(kept - set(notified(folder)))
        if missing < left:
            left, end = missing, time.monotonic() + PATIENCE_SECONDS
        time.sleep(0.5)
