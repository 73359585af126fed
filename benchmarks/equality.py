"""Proof that every contestant gets equal conditions: `python -m benchmarks.equality` compares what their filters let through.

For each condition of a set the events that pass are counted four ways: by our compiled filters, by SEC's patterns, by the tests
in front of ElastAlert 2, and by plain Python that knows none of them.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from alert_core.filters import compile_filter
from benchmarks import cache, configuration, elastalert, sec
from benchmarks.conditions import ConditionSpec, Filter, make

CONDITIONS = 1000
EVENTS = 20_000
Passes = Callable[[dict[str, Any], str], bool]


def main() -> None:
    """Compare and say how many passes were compared.

    Raises:
        SystemExit: Some contestant has another condition.
    """
    by_type: dict[str, list[tuple[dict[str, Any], str]]] = {}
    with cache.stream(100_000).open(encoding="ascii") as lines:
        for line in itertools.islice(lines, EVENTS):
            document = json.loads(line)
            by_type.setdefault(document["type"], []).append((document, line))
    compared = 0
    for number, condition in enumerate(make(CONDITIONS)):
        events = by_type.get(condition.type, [])
        ways: dict[str, Passes] = {"plain": _plain(condition), "ours": _ours(condition)}
        ways |= {"SEC": _sec(condition), "ElastAlert 2": _elastalert(condition)}
        counts = {name: sum(passes(*event) for event in events) for name, passes in ways.items()}
        if len(set(counts.values())) > 1:
            raise SystemExit(f"condition {number} is not the same for all: {counts}: {condition}")
        compared += counts["plain"]
    print(f"{CONDITIONS:,} conditions let the same of {EVENTS:,} events through for all, {compared:,} in all")


def _plain(condition: ConditionSpec) -> Passes:
    return lambda document, _: all(_holds(part, document[part.field]) for part in condition.filters)


def _holds(part: Filter, found: Any) -> bool:
    value: Any = part.value
    match part.operator:
        case "eq":
            return bool(found == value)
        case "glob":
            return fnmatch.fnmatchcase(found, value)
        case "cidr":
            return ipaddress.ip_address(found) in ipaddress.ip_network(value)
        case "ge":
            return bool(found >= value)
        case "lt":
            return bool(found < value)


def _ours(condition: ConditionSpec) -> Passes:
    filters = [compile_filter(field, value) for field, value in configuration.table(condition)["where"].items()]
    return lambda document, _: all(part.test(document[part.field]) for part in filters)


def _sec(condition: ConditionSpec) -> Passes:
    kind, pattern = sec.pattern(condition)
    if kind == "RegExp":
        search = re.compile(pattern).search
        return lambda _, line: search(line) is not None
    return lambda _, line: kind == "TValue" or pattern in line


def _elastalert(condition: ConditionSpec) -> Passes:
    passed: list[Any] = []
    front = elastalert.FrontFilter()
    front.add(condition.filters, passed.extend)

    def passes(document: dict[str, Any], _: str) -> bool:
        passed.clear()
        front.feed(document, None)
        return bool(passed)

    return passes


if __name__ == "__main__":
    main()
