"""What is ours, measured: the engine alone, and the whole command."""

from __future__ import annotations

import gc
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from alert_core.batches import Batch, Cursor
from alert_core.builtin.json import JsonFormat, JsonSettings
from alert_core.builtin.threshold import ThresholdCondition, ThresholdSettings
from alert_core.components import Context
from alert_core.config.values import ConditionConfig
from alert_core.engine.engine import Engine
from alert_core.model import Event
from benchmarks import configuration
from benchmarks.blocks import blocks
from benchmarks.case import Case, Measure
from benchmarks.conditions import ConditionSpec, make
from benchmarks.processes import cpu_seconds_of

_NOWHERE = Cursor("", 0)
_OF_EVERY_CONDITION = ("type", "where", "damper", "actions")


class Reader:
    """An engine and the decoder in front of it, as `alert run` puts them together.

    Args:
        conditions: What it decides on.
    """

    def __init__(self, conditions: Sequence[ConditionConfig]) -> None:
        self.engine = Engine(conditions)
        self._format = JsonFormat(JsonSettings(), Context(name="events"))
        decoder = self._format.decoder(self.engine.projection)
        if decoder is None:
            raise RuntimeError("these conditions keep the format from decoding fast")
        self._decode = decoder

    def read(self, block: bytes) -> tuple[int, int]:
        """How many events a block had and how many firings came of it."""
        items = self._decode(block)

        def event_at(index: int) -> Event:
            return self._format.decode([Batch(block, _NOWHERE, _NOWHERE).locate(index)[1]])[0]

        return len(items), len(self.engine.process(items, event_at))


def configured(name: str, condition: ConditionSpec) -> ConditionConfig:
    """A condition as the engine takes it."""
    table = configuration.table(condition)
    settings = {key: value for key, value in table.items() if key not in _OF_EVERY_CONDITION}
    return ConditionConfig(
        name=name,
        type="threshold",
        cls=ThresholdCondition,
        settings=ThresholdSettings(**settings),
        where=table["where"],
        damper=timedelta(minutes=table["damper"]),
    )


def measure_engine(case: Case, file: Path) -> Measure:
    """Read, decode, match, count, dampen, and make the whole events of the firings."""
    conditions = [configured(f"c{number:05d}", spec) for number, spec in enumerate(make(case.conditions, kind=case.kind))]
    began = time.process_time()
    reader = Reader(conditions)
    built = time.process_time() - began
    gc.freeze()
    events = firings = 0
    started = time.process_time()
    for block in blocks(file):
        more, fired = reader.read(block)
        events += more
        firings += fired
    seconds = time.process_time() - started
    return Measure(events=events, seconds=seconds, facts={"firings": firings, "build": built})


def measure_run(case: Case, file: Path) -> Measure:
    """`alert run --once` with its SQLite store, over the file and, to know its start-up, over nothing."""
    conditions = make(case.conditions, kind=case.kind)
    with tempfile.TemporaryDirectory() as name:
        nothing = Path(name, "nothing")
        nothing.touch()
        empty, _ = _run_once(Path(name, "empty"), conditions, nothing)
        total, notifications = _run_once(Path(name, "full"), conditions, file)
    return Measure(events=case.events, seconds=total - empty, facts={"firings": notifications, "start-up": empty})


def _run_once(folder: Path, conditions: Sequence[ConditionSpec], events: Path) -> tuple[float, int]:
    """The CPU time it took and the notifications that it left in its log."""
    folder.mkdir()
    configuration.write(folder, conditions, events=events)
    seconds = cpu_seconds_of([*alert_command(), "run", "--once"], cwd=str(folder))
    with closing(sqlite3.connect(folder / configuration.DATABASE)) as connection:
        (notifications,) = connection.execute("SELECT count(*) FROM notifications").fetchone()
    return seconds, notifications


def alert_command() -> list[str]:
    """The command `alert` of the environment in which this runs."""
    return [shutil.which("alert", path=str(Path(sys.executable).parent)) or "alert"]
