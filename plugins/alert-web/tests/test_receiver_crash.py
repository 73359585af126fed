"""However often a receiver is killed: what it answered with yes is in the result, and nothing is there twice.

`ALERT_RECEIVER_KILLS` says how many kills to make.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from alert_core.cli.main import main

if TYPE_CHECKING:
    from conftest import Until

KILLS = int(os.environ.get("ALERT_RECEIVER_KILLS", "10"))

# Imports everything once and forks for each run: imports take most of the time.
STARTER = """
import asyncio, os, signal, sqlite3, sys
import alert_core.cli.run, alert_core.config, alert_core.engine, alert_core.runtime.runner, alert_core.store
import alert_web.receiver._server
from alert_core.cli.main import main
from alert_core.plugins import Plugins

Plugins.load()
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        main(["-q", "run", "--config", "alert.toml"])
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

CONFIGURATION = """
[store]
snapshot_seconds = 0.1
[sources.hooks]
type = "web"
listen = ["http:127.0.0.1:{port}"]
format = "json"
[conditions.each]
type = "threshold"
count = 1
damper = "none"
actions = []
"""


class Life:
    """Starts `alert run` again and again."""

    def __init__(self, folder: Path, port: int) -> None:
        (folder / "alert.toml").write_text(CONFIGURATION.format(port=port))
        self._starter = subprocess.Popen(
            [sys.executable, "-c", STARTER], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def begin(self) -> None:
        assert self._starter.stdin is not None
        self._starter.stdin.write("go\n")
        self._starter.stdin.flush()
        self._process = int(self._line())

    def end(self, how: signal.Signals) -> int:
        os.kill(self._process, how)
        return int(self._line())

    def close(self) -> None:
        with self._starter:
            assert self._starter.stdin is not None
            self._starter.stdin.close()

    def _line(self) -> str:
        assert self._starter.stdout is not None
        return self._starter.stdout.readline()


class Sender(threading.Thread):
    """Posts records of its own; with keys it posts each request until there is a yes, without keys only once."""

    def __init__(self, number: int, port: int, *, keys: bool) -> None:
        super().__init__(daemon=True)
        self._number, self._port, self._keys = number, port, keys
        self._chance = random.Random(number)
        self.enough = threading.Event()
        self.sent: list[str] = []
        self.answered: list[str] = []
        self.repeated = 0

    def run(self) -> None:
        while not self.enough.wait(self._chance.uniform(0, 0.01)):
            names = [f"{self._number}-{len(self.sent) + each}" for each in range(self._chance.randint(1, 4))]
            self.sent += names
            while not (taken := self._post(names)) and self._keys:
                time.sleep(0.01)
            if taken:
                self.answered += names

    def _post(self, names: list[str]) -> bool:
        records = [{"time": "2026-03-14T15:09:26Z", "type": "load", "name": name} for name in names]
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": names[0]} if self._keys else {})}
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("POST", "/events", json.dumps(records), headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
        except (OSError, HTTPException, ValueError):
            return False
        finally:
            connection.close()
        self.repeated += content.get("repeated", 0)
        return answer.status == 200


def counted(folder: Path) -> Counter[str]:
    """How often each record made a notification."""
    result = CliRunner().invoke(main, ["log", "export", "--config", str(folder / "alert.toml")])
    assert result.exit_code == 0, result.output
    return Counter(json.loads(line)["event"]["attributes"]["name"] for line in result.stdout_bytes.splitlines())


@pytest.mark.slow
def test_what_was_answered_with_yes_counts_once_however_often_a_receiver_is_killed(
    tmp_path: Path, unused_port: int, until: Until
) -> None:
    life, chance = Life(tmp_path, unused_port), random.Random(20260314)
    senders = [Sender(number, unused_port, keys=number % 2 == 0) for number in range(4)]
    try:
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            life.begin()
            before = sum(len(sender.answered) for sender in senders)
            until(lambda: sum(len(sender.answered) for sender in senders) > before)  # noqa: B023
            time.sleep(chance.uniform(0, 0.5))
            assert life.end(signal.SIGKILL) == -signal.SIGKILL
        life.begin()
        for sender in senders:
            sender.enough.set()
        for sender in senders:
            sender.join(30)
        answered = {name for sender in senders for name in sender.answered}
        until(lambda: counted(tmp_path).keys() >= answered)
        assert life.end(signal.SIGTERM) == 0
    finally:
        life.close()

    found = counted(tmp_path)
    assert {name: times for name, times in found.items() if times > 1} == {}
    assert answered <= found.keys() <= {name for sender in senders for name in sender.sent}
    repeated = sum(sender.repeated for sender in senders)
    print(f"{KILLS} kills, {len(answered)} records answered with yes, {len(found)} in the result, {repeated} known again")
