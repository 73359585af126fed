"""A stream of events in three files, twenty conditions that count across them, an action that remembers what it was told."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from pathlib import Path

import pytest

EVENTS = int(os.environ.get("ALERT_CRASH_EVENTS", "200000"))
START = datetime(2026, 3, 1, tzinfo=UTC)
COMPUTERS = [f"pc-{number:03d}" for number in range(150)] + ["pc-000"] * 15 + ["pc-001"] * 10
SEVERITIES = ("information", "minor", "major", "critical")
FILES = ("east", "north", "west")
ZONES = (timezone(timedelta(hours=5, minutes=30)), UTC, timezone(timedelta(hours=-8)))

# An installed plugin like any other. One write of one short line with O_APPEND is whole or is not there, whoever dies.
PLUGIN = """
import os
from alert_core import Action, Receipt, Settings, Strength, hookimpl

class KeepSettings(Settings):
    "Nothing to set."

class KeepAction(Action[KeepSettings]):
    "Append the idempotency key to a file."
    name = "keep"
    label = "Keep"

    def send(self, notification):
        self.context.state_folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self.context.state_folder / "received", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, self.idempotency_key(notification).encode() + b"\\n")
        os.close(file)
        return Receipt(Strength.ACCEPTED)

@hookimpl
def alert_register_actions():
    return [KeepAction]
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH in which the action is installed."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "alert_keep.py").write_text(PLUGIN)
    metadata = folder / "alert_keep-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: alert-keep\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[alert_core]\nkeep = alert_keep\n")
    return folder


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three files with events of the same hours."""
    folder = tmp_path_factory.mktemp("logs")
    files = [folder / f"{name}.log" for name in FILES]
    for number, file in enumerate(files):
        file.write_bytes(b"".join(lines(EVENTS // len(files), seed=number)))
    return files


def lines(count: int, *, seed: int) -> Iterator[bytes]:
    """Events about a third of a second apart; some late, some alike, some that cannot be read."""
    chance, time = random.Random(seed), START
    for number in range(count):
        time += timedelta(seconds=chance.choice((0, 0.1, 0.3, 0.8)))
        event = {
            "time": (time - timedelta(seconds=chance.choice((0, 0, 0, 20)))).astimezone(ZONES[seed]).isoformat(),
            "type": chance.choice(("auth-failure", "risk", "traffic", "traffic")),
            "computer": chance.choice(COMPUTERS),
            "severity": chance.choice(SEVERITIES),
            "source_address": f"10.{chance.randrange(4)}.0.{chance.randrange(256)}",
            "score": chance.randrange(1000),
            "count": chance.choice((1, 1, 1, 1, 3)),
            "message": f"event {number} " + "\N{WARNING SIGN}" * chance.randrange(3),
        }
        yield b"kernel: oops\n" if number % 5000 == 4999 else json.dumps(event).encode() + b"\n"


def conditions() -> Iterator[str]:
    """Twenty: any, single and distinct computers, with the automatic damper, with none and with a short one."""
    counts = {"any-computer": 40, "single-computer": 4, "distinct-computers": 25}
    wheres = (
        'score = "<8"\nseverity = ["major", "critical"]',
        'source_address = "10.3.0.0/16"\nscore = ">=990"',
    )
    shapes = list(product(counts, ('"auto"', '"none"', "5"), wheres))
    for number, (per, damper, where) in enumerate(shapes):
        yield (
            f'[conditions.c{number:02d}]\ntype = "threshold"\nper = "{per}"\ncount = {counts[per]}\nminutes = 20\n'
            f'damper = {damper}\nactions = ["keep"]\n[conditions.c{number:02d}.where]\n{where}\n'
        )
    yield '[conditions.noise]\ntype = "threshold"\nevent_types = ["unparsed"]\ncount = 1\ndamper = "none"\nactions = ["keep"]\n'
    yield (
        '[conditions.victim]\ntype = "threshold"\nevent_types = ["auth-*"]\nper = "single-computer"\ncount = 30\nminutes = 10\n'
        'damper_per = "condition"\nactions = ["keep", "keep-too"]\n'
    )


def configuration(files: list[Path]) -> str:
    """All of it, with a snapshot every few batches."""
    sources = "".join(f'[sources.{file.stem}]\ntype = "file"\npath = {json.dumps(str(file))}\n' for file in files)
    actions = '[actions.keep]\ntype = "keep"\n[actions.keep-too]\ntype = "keep"\n'
    return f"[store]\nsnapshot_seconds = 0.1\n{sources}{actions}{''.join(conditions())}"


@pytest.fixture(scope="session")
def stream_configuration(logs: list[Path]) -> str:
    """The configuration for the three files."""
    return configuration(logs)


@pytest.fixture
def growing_file(tmp_path: Path) -> tuple[Path, bytes, str]:
    """A file that does not exist yet, what will be in it, and the configuration that follows it."""
    file = tmp_path / "north.log"
    return file, b"".join(lines(EVENTS // 4, seed=1)), configuration([file])
