"""What a tracked computer costs: a condition that counts per computer, and very many computers.

Run as `python -m benchmarks.memory TIMES COMPUTERS` it measures one case in this process.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks import tables
from benchmarks.conditions import ConditionSpec
from benchmarks.processes import pin, resident_bytes
from benchmarks.rounds import ROOT

TARGETS = {1: 150, 10: 800}
# Twice as many as a computer is ever seen, so that nothing fires and everything seen is held.
COUNT = 20
MINUTES = 60
LINES = 200


def report(computers: int, rounds: int) -> str:
    """Measure and tabulate."""
    rows = []
    for times, target in TARGETS.items():
        measures = [_measure(times, computers) for _ in range(rounds)]
        size = statistics.median(size for size, _ in measures)
        nanoseconds = statistics.median(seconds for _, seconds in measures) / (times * computers) * 1e9
        row = [f"seen {times} x", f"{computers:,}", f"{size:.0f}", f"<= {target}", tables.reached(size <= target)]
        rows.append([*row, f"{nanoseconds:,.0f}"])
    columns = ("computer", "computers", "bytes each", "target", "reached", "ns an event")
    return f"Memory per tracked computer\n\n{tables.table(columns, rows)}\n"


def _measure(times: int, computers: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.memory", str(times), str(computers)]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    size, seconds = map(float, answer.stdout.split())
    return size, seconds


def main(times: int, computers: int) -> None:
    """Print the bytes for each computer and the seconds of CPU time."""
    from benchmarks.ours import Reader, configured

    pin()
    spec = ConditionSpec(type="auth-failure", filters=(), per="single-computer", count=COUNT, minutes=MINUTES)
    reader = Reader([configured("memory", spec)])
    for block in _blocks("warm-up", times=1, computers=100_000):
        reader.read(block)
    gc.collect()
    before, seconds = resident_bytes(), 0.0
    for block in _blocks("auth-failure", times=times, computers=computers):
        started = time.process_time()
        _, firings = reader.read(block)
        seconds += time.process_time() - started
        if firings:
            raise RuntimeError("nothing was to fire")
    gc.collect()
    if reader.engine.evicted():
        raise RuntimeError("computers were given up; measure with fewer")
    print((resident_bytes() - before) / computers, seconds)


def _blocks(type_: str, *, times: int, computers: int) -> Iterator[bytes]:
    """Every computer once, then every computer again, all within the window."""
    step = timedelta(minutes=MINUTES - 5) / (times * computers)
    moment = datetime(2025, 3, 1, tzinfo=UTC)
    for _ in range(times):
        for first in range(0, computers, LINES):
            lines = []
            for number in range(first, min(first + LINES, computers)):
                moment += step
                lines.append(f'{{"time":"{moment.isoformat()}","type":"{type_}","computer":"PC-{number:07d}"}}\n')
            yield "".join(lines).encode()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
