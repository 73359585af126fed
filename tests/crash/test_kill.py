"""Whenever a run is killed: what the log says in the end is what it would have said, and every delivery is made.

Each kill is a SIGKILL, so that nothing in the process gets a chance. What was written to a file is still there after it; that
it would be there after a power failure, too, follows from SQLite's `synchronous=FULL` and is not tested here.

`ALERT_CRASH_KILLS` says how many kills to make; `nox -s crash` makes 200.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from alert_core.cli.main import main

KILLS = int(os.environ.get("ALERT_CRASH_KILLS", "10"))
ENOUGH_SECONDS = 300

# Imports everything once and forks for each run: a kill during an import proves nothing, and imports take most of the time.
STARTER = """
import os, sys
import alert_core.cli.run, alert_core.config, alert_core.engine, alert_core.runtime.runner, alert_core.store
from alert_core.cli.main import main
from alert_core.plugins import Plugins

Plugins.load()
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.chdir(line.strip())
        main(["-q", "run", "--once"])
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Runs:
    """Starts `alert run --once` again and again."""

    def __init__(self, site: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        self._starter = subprocess.Popen(
            [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        assert self._starter.stdout is not None
        assert self._starter.stdout.readline() == b"ready\n"

    def run(self, folder: Path, *, kill_after: float = ENOUGH_SECONDS) -> int:
        """The exit code of a run in a folder; minus nine when it took longer than `kill_after` seconds."""
        assert self._starter.stdin is not None
        assert self._starter.stdout is not None
        self._starter.stdin.write(f"{folder}\n".encode())
        self._starter.stdin.flush()
        process = int(self._starter.stdout.readline())
        if not select.select([self._starter.stdout], [], [], kill_after)[0]:
            os.kill(process, signal.SIGKILL)
        return int(self._starter.stdout.readline())

    def close(self) -> None:
        """End the starter."""
        with self._starter:
            assert self._starter.stdin is not None
            self._starter.stdin.close()


@pytest.fixture
def runs(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.syspath_prepend(str(site))
    runs = Runs(site)
    yield runs
    runs.close()


def follow(folder: Path, site: Path, *, kill_after: float) -> None:
    """Follow the sources of a folder with the command itself, as a service does, and kill it."""
    command = [sys.executable, "-m", "alert_core", "-q", "run"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(kill_after)
        assert process.poll() is None, "it ended by itself"
        process.kill()


@contextmanager
def growing(file: Path, content: bytes, chance: random.Random) -> Iterator[None]:
    """A file that grows meanwhile, by pieces that seldom end where a line ends; whole at the end."""
    hurry = threading.Event()

    def write() -> None:
        place = 0
        with file.open("ab", buffering=0) as growing:
            while place < len(content):
                size = chance.randrange(1, 12_000)
                place += growing.write(content[place : place + size])
                hurry.wait(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        hurry.set()
        writer.join()


def prepare(folder: Path, configuration: str) -> Path:
    folder.mkdir()
    (folder / "alert.toml").write_text(configuration)
    return folder


def alert(folder: Path, *arguments: str) -> bytes:
    """What a command prints."""
    result = CliRunner().invoke(main, [*arguments, "--config", str(folder / "alert.toml")])
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def decisions(folder: Path) -> list[bytes]:
    return alert(folder, "log", "export", "--decisions").splitlines()


def undelivered(folder: Path) -> list[str]:
    entries = [json.loads(line) for line in alert(folder, "log", "export").splitlines()]
    return [delivery["id"] for entry in entries for delivery in entry["deliveries"] if delivery["state"] != "delivered"]


def received(folder: Path) -> dict[str, Counter[str]]:
    """Action -> how often it got each idempotency key."""
    files = (folder / "state" / "actions").glob("*/received")
    return {file.parent.name: Counter(file.read_text().splitlines()) for file in files}


def check_equal(folder: Path, reference: Path, *, kills: int) -> None:
    assert decisions(folder) == decisions(reference)
    assert undelivered(folder) == []
    expected, got = received(reference), received(folder)
    assert {action: set(keys) for action, keys in got.items()} == {action: set(keys) for action, keys in expected.items()}
    assert max(times for keys in got.values() for times in keys.values()) <= 1 + kills


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_decided_twice_however_often_a_run_is_killed(
    tmp_path: Path, stream_configuration: str, runs: Runs
) -> None:
    reference = prepare(tmp_path / "reference", stream_configuration)
    started = time.monotonic()
    assert runs.run(reference) == 0
    whole_run = time.monotonic() - started
    assert len(decisions(reference)) > 400

    chance, moments = random.Random(20260301), list[float]()
    for attempt in count():
        folder, earlier = prepare(tmp_path / f"attempt-{attempt}", stream_configuration), len(moments)
        while len(moments) < KILLS:
            # The first anywhere in a whole run, the others soon, so that many hit one life.
            moment = chance.uniform(0, whole_run / (1 if len(moments) == earlier else 3))
            code = runs.run(folder, kill_after=moment)
            if code == 0:
                break
            assert code == -signal.SIGKILL
            moments.append(moment / whole_run)
        assert runs.run(folder) == 0
        check_equal(folder, reference, kills=len(moments) - earlier)
        if len(moments) == KILLS:
            break
    tenths = Counter(int(10 * moment) for moment in moments)
    print(f"{KILLS} kills in {attempt + 1} lives; by tenth of a run of {whole_run:.1f} s: {sorted(tenths.items())}")


@pytest.mark.slow
def test_a_file_that_grows_meanwhile_is_counted_line_by_line_once(
    tmp_path: Path, growing_file: tuple[Path, bytes, str], site: Path, runs: Runs
) -> None:
    file, content, configuration = growing_file
    folder, chance, kills = prepare(tmp_path / "followed", configuration), random.Random(20260302), max(3, KILLS // 10)

    with growing(file, content, chance):
        for _ in range(kills):
            follow(folder, site, kill_after=chance.uniform(0.5, 2.5))
    assert runs.run(folder) == 0

    assert file.read_bytes() == content
    assert len(decisions(folder)) > 50
    assert decisions(folder) == alert(folder, "replay", "--decisions").splitlines()
    assert undelivered(folder) == []
