"""Running cases again and again, interleaved, and what the rounds say together."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import cache
from benchmarks.case import Case, Measure

ROOT = Path(__file__).parent.parent


class Results:
    """The measures of every case, one a round, and the cases that failed."""

    def __init__(self) -> None:
        self.measures: dict[Case, list[Measure]] = {}
        self.failures: dict[Case, str] = {}

    def per_second(self, case: Case) -> tuple[float, float, float]:
        """Events per second of CPU time: least, median, most."""
        rates = sorted(1e6 / measure.per_event for measure in self.measures[case])
        return rates[0], statistics.median(rates), rates[-1]

    def ratio(self, case: Case, reference: Case) -> float | None:
        """Time for an event as a multiple of another case's: the median of the ratios within each round."""
        pairs = zip(self.measures.get(case, ()), self.measures.get(reference, ()), strict=False)
        ratios = [own.per_event / other.per_event for own, other in pairs]
        return statistics.median(ratios) if ratios else None

    def fact(self, case: Case, name: str) -> float | None:
        """The median of a fact."""
        values = [measure.facts[name] for measure in self.measures.get(case, ()) if name in measure.facts]
        return statistics.median(values) if values else None

    def find(self, contestant: str, conditions: int) -> Case | None:
        """The case of that contestant with so many realistic conditions."""
        wanted = (contestant, conditions, "realistic")
        return next((case for case in self.measures if (case.contestant, case.conditions, case.kind) == wanted), None)


def run(cases: Sequence[Case], file: Path, rounds: int) -> Results:
    """Run every case once a round, in a fresh process; one that fails is not tried again. Ctrl-C keeps what there is."""
    results = Results()
    try:
        for number in range(1, rounds + 1):
            started = time.monotonic()
            for case in cases:
                _say(f"round {number}/{rounds}: {case.contestant}, {case.conditions} conditions, {case.kind}")
                _try(case, file, results)
            _say(f"round {number}/{rounds} took {time.monotonic() - started:.0f} s", last=True)
    except KeyboardInterrupt:
        _say(f"interrupted in round {number}; this is what was measured until then", last=True)
    return results


def _try(case: Case, file: Path, results: Results) -> None:
    if case in results.failures:
        return
    try:
        results.measures.setdefault(case, []).append(_measure(case, file))
    except RuntimeError as error:
        results.failures[case] = str(error)


def _measure(case: Case, file: Path) -> Measure:
    python = cache.elastalert_python() if case.contestant == "elastalert" else sys.executable
    if python is None:
        raise RuntimeError("there is no environment with ElastAlert 2")
    arguments = [case.contestant, str(case.conditions), str(case.events), case.kind, str(cache.head(file, case.events))]
    # A fixed hash seed, so that the order of sets and the shape of dictionaries do not add to the noise.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [python, "-W", "ignore", "-m", "benchmarks.child", *arguments]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(answer.stderr.strip().splitlines()[-1] if answer.stderr.strip() else "it failed silently")
    return Measure.from_json(answer.stdout.splitlines()[-1])


def _say(text: str, *, last: bool = False) -> None:
    """Where it is, on one line that changes; a log gets the last words only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last:
        print(text, file=sys.stderr, flush=True)
