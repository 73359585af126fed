"""`python -m benchmarks`: measure and print; see README.md beside this file."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence

from benchmarks import cache, dispatch, formats, latency, memory, rounds, startup, tables
from benchmarks.case import Case
from benchmarks.goals import FEW_EVENTS

PARTS = ("engine", "run", "peers", "latency", "memory", "startup", "dispatch", "formats")
SIZES = (1, 10, 100, 1000, 10_000)
QUICK_SIZES = (1, 10, 100)
PEERS = ("sec", "elastalert")


def main() -> None:
    """Measure what the arguments ask for."""
    options = _options()
    parts = options.only or PARTS
    file = cache.stream(options.events)
    print(f"{_machine()}; {options.events:,} events, {options.rounds} rounds\n", flush=True)
    if {"engine", "run", "peers"} & set(parts):
        cases = _cases(parts, options.conditions, options.events)
        print(tables.of_results(rounds.run(cases, file, options.rounds)), flush=True)
    if "latency" in parts:
        print(latency.report(file, rate=1000, seconds=5 if options.quick else 20), flush=True)
    if "memory" in parts:
        print(memory.report(100_000 if options.quick else 1_000_000, min(options.rounds, 3)), flush=True)
    if "startup" in parts:
        print(startup.report(options.rounds), flush=True)
    if "formats" in parts:
        print(formats.report((), options.rounds, 2_000 if options.quick else formats.SIZE), flush=True)
    if "dispatch" in parts:
        print(dispatch.report(list(dispatch.SENDERS), options.rounds, 0.2 if options.quick else 1.0), flush=True)


def _cases(parts: Sequence[str], sizes: Sequence[int], events: int) -> list[Case]:
    cases = []
    for size in sizes:
        cases += [Case("decode", size, events), Case("engine", size, events)]
        if "engine" in parts and size == 100:
            cases.append(Case("engine", size, events, "adversarial"))
        if "engine" in parts and size > 100:
            cases.append(Case("engine", size, events, "cold"))
        if "run" in parts:
            cases.append(Case("run", size, events))
        if "peers" in parts:
            cases += [Case(peer, size, min(events, FEW_EVENTS.get(size, 5000))) for peer in PEERS]
    return cases


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed, latency and memory.")
    parser.add_argument("--events", type=int, help="size of the generated stream (1,000,000)")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (5)")
    parser.add_argument("--conditions", type=int, nargs="+", metavar="K", help="numbers of conditions (1 10 100 1000 10000)")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure only these parts")
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement: fewer events, rounds and conditions")
    options = parser.parse_args()
    options.events = options.events or (100_000 if options.quick else 1_000_000)
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.conditions = options.conditions or (QUICK_SIZES if options.quick else SIZES)
    return options


def _machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} processors{load}"


if __name__ == "__main__":
    main()
