"""`python -m benchmarks.formats`: how fast records become events, for each format, beside decoding the same content as JSON.

Every format is measured in a process of its own on one core, in rounds in which all ways of reading take turns.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from alert_core.components import Batch, Context, Cursor, Format
from alert_core.model import UNPARSED, Event
from alert_core.plugins import Plugins
from alert_core.projection import Projection
from alert_core.runtime.intake import Intake
from benchmarks import tables
from benchmarks.processes import pin
from benchmarks.records import CSV_HEADER, records
from benchmarks.rounds import ROOT

SIZE = 10_000
LOOKED_AT = ("computer", "severity", "source_address", "user")
"""What conditions want to see besides time, type and count."""

_PER_BATCH = 200
_SENDER = "192.0.2.7"
_COLUMNS = ("format", "run/s", "x JSON", "received/s", "x JSON", "whole/s", "x JSON", "target", "reached")
_YEAR = {"year": 2025}


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        title: What the table calls it.
        format: The format's type.
        written: How the records are written, a key of `benchmarks.records.WRITERS`.
        settings: The format's settings.
        goal: How many times the reference it may take, the way a run reads.
    """

    title: str
    format: str
    written: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    goal: float | None = None


_MAPPED = {"fields": {"time": "ts", "type": "kind", "computer": "host", "user": "account", "severity": "level"}}
ROWS = (
    Row("json", "json", "json", goal=1.5),
    Row("json, mapped", "json", "mapped", _MAPPED, goal=1.5),
    Row("ecs", "ecs", "ecs"),
    Row("ocsf", "ocsf", "ocsf"),
    Row("eve", "eve", "eve"),
    Row("cef", "cef", "cef", goal=12),
    Row("cef, syslog header", "cef", "cef in syslog", _YEAR, goal=12),
    Row("leef", "leef", "leef"),
    Row("syslog 5424", "syslog", "5424", goal=6),
    Row("syslog 5424, data", "syslog", "5424 with data", goal=6),
    Row("syslog 3164", "syslog", "3164", _YEAR),
    Row("csv", "csv", "csv", {"columns": CSV_HEADER, "fields": {"source_address": "src_ip"}}),
    Row("sshd", "sshd", "sshd", _YEAR),
    Row("netfilter", "netfilter", "netfilter", _YEAR),
    Row("auto, of six formats", "auto", "any", _YEAR),
    Row("sepm", "sepm", "sepm", _YEAR, goal=12),
    Row("tippingpoint", "tippingpoint", "tippingpoint"),
)


def report(titles: Sequence[str], rounds: int, size: int = SIZE) -> str:
    """Measure and tabulate the rows whose format is installed."""
    installed = Plugins.load().formats
    rows = [row for row in ROWS if row.format in installed and (not titles or row.title in titles)]
    return f"Formats\n\n{tables.table(_COLUMNS, [_cells(row, rounds, size) for row in rows])}\n"


def _cells(row: Row, rounds: int, size: int) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.formats", "--child", row.title]
    command += ["--rounds", str(rounds), "--size", str(size)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if answer.returncode:
        return [row.title, *[""] * 7, f"not measured: {(answer.stderr.strip() or 'it failed silently').splitlines()[-1]}"]
    measures: dict[str, list[float]] = json.loads(answer.stdout.splitlines()[-1])
    cells, ratios = [row.title], {}
    for way in ("run", "received", "whole"):
        own = measures[way]
        ratios[way] = statistics.median(one / other for one, other in zip(own, measures["reference"], strict=True))
        cells += [f"{size / statistics.median(own):,.0f}", tables.times(ratios[way])]
    goal = "" if row.goal is None else f"<= {row.goal:g} x JSON"
    return [*cells, goal, tables.reached(None if row.goal is None else ratios["run"] <= row.goal)]


def measured(row: Row, rounds: int, size: int) -> dict[str, list[float]]:
    """Seconds of CPU time for all records, by the way of reading, one for each round."""
    ways = _ways(row, records(row.written, size))
    measures: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            gc.collect()
            started = time.process_time()
            way()
            if number:  # The first round only warms up.
                measures[name].append(time.process_time() - started)
    return measures


def _ways(row: Row, lines: list[bytes]) -> dict[str, Callable[[], None]]:
    formats = Plugins.load().formats
    cls = formats[row.format]

    def made() -> Format[Any]:
        return cls(cls.settings_model.model_validate(row.settings), Context(name="bench", formats=formats))

    whole = made()
    events = whole.decode(lines)
    if len(events) != len(lines) or any(event.type == UNPARSED for event in events):
        raise RuntimeError("the format cannot read these records")
    same = [_as_json(event) for event in events]
    parts = [lines[start : start + _PER_BATCH] for start in range(0, len(lines), _PER_BATCH)]
    blocks = [Batch(b"\n".join(part) + b"\n", Cursor("b", 0), Cursor("b", 1)) for part in parts]
    received = [Batch(tuple(part), Cursor("b", 0), Cursor("b", 1), senders=(_SENDER,) * len(part)) for part in parts]
    run, hearing = (Intake("bench", made(), Projection(LOOKED_AT)) for _ in range(2))

    def reference() -> None:
        decode = msgspec.json.decode
        for number in range(0, len(same), _PER_BATCH):
            [decode(line) for line in same[number : number + _PER_BATCH]]

    def wholly() -> None:
        for part in parts:
            whole.decode(part)

    def running() -> None:
        for batch in blocks:
            run.take(batch)

    def receiving() -> None:
        for batch in received:
            hearing.take(batch)

    return {"reference": reference, "run": running, "received": receiving, "whole": wholly}


def _as_json(event: Event) -> bytes:
    """All that a record says, as a flat JSON object."""
    content = msgspec.to_builtins(event)
    attributes = content.pop("attributes", {})
    content.pop("raw")
    return msgspec.json.encode(attributes | content)


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description="Measure the formats.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--size", type=int, default=SIZE, help=f"how many records of each format ({SIZE})")
    parser.add_argument("--only", nargs="+", metavar="ROW", default=[], help="measure only these rows")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.child is None:
        print(report(options.only, options.rounds, options.size), flush=True)
        return
    pin()
    row = next(row for row in ROWS if row.title == options.child)
    print(json.dumps(measured(row, options.rounds, options.size)))


if __name__ == "__main__":
    main()
