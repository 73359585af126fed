"""How long the commands take that a person waits for, as an installed program: with its bytecode compiled."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import configuration, tables
from benchmarks.conditions import make
from benchmarks.ours import alert_command

TARGET_SECONDS = 0.3
RUNS_A_ROUND = 2
EVENTS = 20
QUICK = (
    "--help",
    "--version",
    "check",
    "log list",
    "log list --json",
    "log show",
    "ack",
    "plugins",
    "condition explain c00000",
)
"""Those that the target is for."""
ANY_EVENT = {"type": "threshold", "count": 1, "minutes": 1, "damper": "none", "actions": []}


class Taken(NamedTuple):
    """What one run of a command took: time on the clock, and on the processor, which other programs disturb less."""

    seconds: float
    cpu_seconds: float


def report(rounds: int) -> str:
    """Measure and tabulate, interleaved."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        small, large = _site(base, 10), _site(base, 10_000)
        _run(small, [*alert_command(), "run", "--once"])
        cases = {
            "python -c pass": (small, [sys.executable, "-c", "pass"]),
            **{f"alert {command}": (small, _command(small, command)) for command in QUICK},
            "alert check, 10,000 conditions": (large, [*alert_command(), "check"]),
            "alert run --once, nothing new": (small, [*alert_command(), "run", "--once"]),
        }
        taken: dict[str, list[Taken]] = {title: [] for title in cases}
        for _ in range(rounds * RUNS_A_ROUND):
            for title, (folder, command) in cases.items():
                taken[title].append(_run(folder, command))
    judged = {f"alert {command}" for command in QUICK}
    rows = [_row(title, measured, judged=title in judged) for title, measured in taken.items()]
    columns = ("command, 10 conditions", "seconds", "least - most", "least CPU", "target", "reached")
    return f"Start-up\n\n{tables.table(columns, rows)}\n"


def _row(title: str, measured: list[Taken], *, judged: bool) -> list[str]:
    seconds = [one.seconds for one in measured]
    median = statistics.median(seconds)
    return [
        title,
        f"{median:.2f}",
        f"{min(seconds):.2f} - {max(seconds):.2f}",
        f"{min(one.cpu_seconds for one in measured):.2f}",
        f"<= {TARGET_SECONDS}" if judged else "",
        tables.reached(median <= TARGET_SECONDS if judged else None),
    ]


def _site(base: Path, conditions: int) -> Path:
    folder = base / str(conditions)
    folder.mkdir()
    events = folder / "events.ndjson"
    events.write_text("".join(f'{{"time": {second}, "type": "startup"}}\n' for second in range(EVENTS)))
    configuration.write(folder, make(conditions), events=events, any=ANY_EVENT)
    return folder


def _command(folder: Path, command: str) -> list[str]:
    """A command of `QUICK` with the id of a notification, where it needs one."""
    words = [*alert_command(), *command.split()]
    if command not in ("log show", "ack"):
        return words
    listed = subprocess.run([*alert_command(), "log", "list", "--json"], cwd=folder, capture_output=True, check=True, text=True)
    return [*words, listed.stdout.split('"id":"', 1)[1].split('"', 1)[0]]


def _run(folder: Path, command: list[str]) -> Taken:
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started, before = time.perf_counter(), os.times()
    subprocess.run(command, cwd=folder, env=compiled, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    after = os.times()
    cpu = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    return Taken(time.perf_counter() - started, cpu)
