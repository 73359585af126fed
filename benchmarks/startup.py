"""How long the command takes to say something."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import configuration, tables
from benchmarks.conditions import make
from benchmarks.ours import alert_command

TARGET_SECONDS = 0.3
RUNS_A_ROUND = 2


def report(rounds: int) -> str:
    """Measure and tabulate, interleaved."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        cases = {
            "python -c pass": (base, [sys.executable, "-c", "pass"]),
            "alert --help": (base, [*alert_command(), "--help"]),
            "alert check, 10 conditions": (_site(base, 10), [*alert_command(), "check"]),
            "alert check, 10,000 conditions": (_site(base, 10_000), [*alert_command(), "check"]),
        }
        seconds: dict[str, list[float]] = {title: [] for title in cases}
        for _ in range(rounds * RUNS_A_ROUND):
            for title, (folder, command) in cases.items():
                seconds[title].append(_wall_seconds(folder, command))
    rows = [_row(title, measured) for title, measured in seconds.items()]
    return f"Start-up\n\n{tables.table(('command', 'seconds', 'least - most', 'target', 'reached'), rows)}\n"


def _row(title: str, measured: list[float]) -> list[str]:
    median = statistics.median(measured)
    judged = title in ("alert --help", "alert check, 10 conditions")
    return [
        title,
        f"{median:.2f}",
        f"{min(measured):.2f} - {max(measured):.2f}",
        f"<= {TARGET_SECONDS}" if judged else "",
        tables.reached(median <= TARGET_SECONDS if judged else None),
    ]


def _site(base: Path, conditions: int) -> Path:
    folder = base / str(conditions)
    folder.mkdir()
    events = folder / "events.ndjson"
    events.touch()
    configuration.write(folder, make(conditions), events=events)
    return folder


def _wall_seconds(folder: Path, command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return time.perf_counter() - started
