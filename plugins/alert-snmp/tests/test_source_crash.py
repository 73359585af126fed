"""Whenever the receiver is killed: every inform that it confirmed is kept, once.

`ALERT_RECEIVER_KILLS` says how many kills to make.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from alert_core.runtime.spool import Spool
from alert_snmp import _pdu as pdu
from alert_snmp._objects import Varbind
from alert_snmp._record import decoder
from alert_snmp._trap import community_messages

KILLS = int(os.environ.get("ALERT_RECEIVER_KILLS", "10"))
SENDERS = 3
LINK_UP = "1.3.6.1.6.3.1.1.5.4"

# Imports everything once and forks for each run: a kill during an import proves nothing, and imports take most of the time.
STARTER = """
import os, sys, threading
from pathlib import Path
from alert_core import Context
from alert_core.runtime.spool import Spool
from alert_core.runtime.spooled import Spooled
from alert_snmp.source import SnmpSource
from alert_snmp.source_settings import SnmpSourceSettings
import alert_snmp._intake

class Forget:
    cursor, cursors = None, {}
    def __call__(self, batch):
        pass

folder, place = Path(sys.argv[1]), sys.argv[2]
settings = SnmpSourceSettings(listen=(place,), communities=("area",))
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        source = SnmpSource(settings, Context(name="traps", state_folder=folder))
        Spooled(source, Spool(folder / "spool", segment_bytes=20_000)).run(Forget(), threading.Event())
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


class Sender(threading.Thread):
    """Sends one inform after the other, each until it is confirmed."""

    def __init__(self, first: int, port: int) -> None:
        super().__init__()
        self._number, self._port = first, port
        self.confirmed: list[int] = []
        self.enough = threading.Event()

    def run(self) -> None:
        wrap = community_messages("area", v1=False)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.connect(("127.0.0.1", self._port))
            peer.settimeout(0.05)
            while not self.enough.is_set():
                self._number += 1
                name = Varbind("1.3.6.1.2.1.2.2.1.2.1", "octets", b"eth0")
                body = pdu.v2_trap(LINK_UP, [name], ticks=self._number, request_id=self._number)
                if self._confirmed(peer, wrap(b"\xa6" + body[1:])):
                    self.confirmed.append(self._number)

    def _confirmed(self, peer: socket.socket, inform: bytes) -> bool:
        answer = inform.replace(b"\xa6", b"\xa2", 1)
        while not self.enough.is_set():
            try:
                peer.send(inform)
                while peer.recv(65535) != answer:
                    pass  # a late one, of what was sent again
            except (ConnectionRefusedError, TimeoutError):
                time.sleep(0.001)
            else:
                return True
        return False


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", STARTER, str(tmp_path), f"udp:127.0.0.1:{port}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process, port
        process.stdin.close()


@pytest.mark.slow
def test_what_was_confirmed_before_a_kill_is_kept_once(starter: tuple[subprocess.Popen[bytes], int], tmp_path: Path) -> None:
    process, port = starter
    assert process.stdin
    assert process.stdout
    senders = [Sender(number * 1_000_000, port) for number in range(SENDERS)]
    chance = random.Random(0)

    for sender in senders:
        sender.start()
    for kill in range(KILLS):
        process.stdin.write(b"go\n")
        process.stdin.flush()
        child = int(process.stdout.readline())
        time.sleep(chance.uniform(0.05, 0.4))
        if kill == KILLS - 1:
            for sender in senders:
                sender.enough.set()
                sender.join()
        os.kill(child, signal.SIGKILL)
        assert process.stdout.readline() == b"ended\n"

    confirmed = [number for sender in senders for number in sender.confirmed]
    with Spool(tmp_path / "spool") as spool:
        kept = Counter(
            decoder.decode(record).uptime for batch in spool.read(spool.begin, spool.end) for record in batch.split()
        )
    assert len(confirmed) > KILLS * SENDERS
    assert {number: kept[number] for number in confirmed if kept[number] != 1} == {}
    assert {number: times for number, times in kept.items() if times != 1} == {}
