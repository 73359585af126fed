"""A folder with a configuration and an installed plugin that brings sources and an action, for commands to work in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from alert_core.cli.main import main

PATIENCE_SECONDS = 30
START = datetime(2026, 3, 1, 12, tzinfo=UTC)

PLUGIN = '''
import sys
from pathlib import Path
from alert_core import Action, Batch, Cursor, EventSource, Receipt, Settings, SourceError, Strength, hookimpl

class FileSettings(Settings):
    path: str
    follow: bool = True

class FileSource(EventSource[FileSettings]):
    """Read lines."""
    name = "file"
    label = "File"

    def run(self, push, stop):
        position = push.cursor.position if push.cursor else 0
        while not stop.is_set():
            lines = self.lines(position)
            if lines:
                end = Cursor("file", position + len(lines))
                push(Batch(lines, Cursor("file", position), end))
                position = end.position
            elif not self.settings.follow or stop.wait(0.005):
                return

    def read(self, start, end):
        yield Batch(self.lines(start.position)[: end.position - start.position], start, end)

    def lines(self, position):
        try:
            data = Path(self.settings.path).read_bytes()[position:]
        except OSError as error:
            raise SourceError(f"{self.settings.path!r} does not exist") from error
        return data[: data.rfind(b"\\n") + 1]

class StdinSource(EventSource[Settings]):
    """Read standard input."""
    name = "stdin"
    label = "Standard input"
    rewindable = False

    def run(self, push, stop):
        for number, line in enumerate(sys.stdin.buffer):
            push(Batch((line,), Cursor("stdin", number), Cursor("stdin", number + 1)))

class KeepAction(Action[Settings]):
    """Keep the subjects."""
    name = "keep"
    label = "Keep"

    def send(self, notification):
        self.context.state_folder.mkdir(parents=True, exist_ok=True)
        with (self.context.state_folder / "kept").open("a") as file:
            file.write(notification.subject + chr(10))
        return Receipt(Strength.ACCEPTED)

@hookimpl
def alert_register_sources():
    return [FileSource, StdinSource]

@hookimpl
def alert_register_actions():
    return [KeepAction]
'''

CONFIGURATION = """
[plugins]
only = ["lines"]

[sources.log]
type = "file"
path = "log"

[actions.keep]
type = "keep"

[conditions.three]
type = "threshold"
count = 3
minutes = 60
damper = "none"
actions = ["keep"]
"""


class Desk:
    """Where somebody sits and types commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configure()

    def configure(self, more: str = "", *, old: str = "", new: str = "") -> None:
        """Write the configuration, with something replaced in it and something added to it."""
        assert old in CONFIGURATION
        other = self.folder / "alert.toml.new"
        other.write_text(CONFIGURATION.replace(old, new) + dedent(more))
        other.rename(self.folder / "alert.toml")

    def append(self, *minutes: float, file: str = "log", **fields: object) -> None:
        """Write an event for each of these minutes."""
        with (self.folder / file).open("a") as log:
            log.write(events(*minutes, **fields))

    def alert(self, *arguments: str, stdin: str = "") -> Result:
        """Run a command."""
        return CliRunner().invoke(main, arguments, input=stdin)

    def decisions(self) -> str:
        return self.alert("log", "export", "--decisions").stdout

    @property
    def kept(self) -> list[str]:
        """The subjects that the action was told."""
        file = self.folder / "state" / "actions" / "keep" / "kept"
        return file.read_text().splitlines() if file.exists() else []


def events(*minutes: float, **fields: object) -> str:
    records = [{"time": (START + timedelta(minutes=minute)).isoformat(), "computer": "pc-1", **fields} for minute in minutes]
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def desk(tmp_path: Path, fake_distribution: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    fake_distribution("alert-lines", PLUGIN)
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ALERT_CONFIG", raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield Desk(folder)
    for number, handler in before.items():
        signal.signal(number, handler)


class Background:
    """A command in a process of its own."""

    def __init__(self, desk: Desk, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(desk.folder.parent / "site")}
        self.output = desk.folder.parent / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "alert_core", *arguments],
                cwd=desk.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def until(self, said: str, *, times: int = 1) -> None:
        """Wait until it has said something so many times."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.output.read_text().count(said) < times:
            assert time.monotonic() < deadline, self.output.read_text()
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.01)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def background(desk: Desk) -> Iterator[Callable[..., Background]]:
    """Starts a command in a process of its own, which ends with the test."""
    started: list[Background] = []

    def start(*arguments: str) -> Background:
        started.append(Background(desk, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
