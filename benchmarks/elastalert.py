"""The rule classes of ElastAlert 2, with the same conditions, running under an interpreter that has it.

In production Elasticsearch filters and a poll every minute adds latency. Here each rule is fed, event by event, what a filter
in front lets through: an index by event type and by the value of the first equality, then compiled tests; and orjson decodes.
Damper and outbox, which its rule classes do not have, are left out.
"""

from __future__ import annotations

import fnmatch
import importlib
import ipaddress
import itertools
import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.case import Case, Measure
from benchmarks.conditions import ConditionSpec, Filter, make

Document = dict[str, Any]
Test = Callable[[Any], bool]
Fed = tuple[tuple[tuple[str, Test], ...], Callable[[list[Document]], None]]


class FrontFilter:
    """Which rules an event concerns."""

    def __init__(self) -> None:
        self._always: list[Fed] = []
        self._by_value: dict[str, dict[Any, list[Fed]]] = {}

    def add(self, filters: Iterable[Filter], feed: Callable[[list[Document]], None]) -> None:
        """Give a rule the events that pass its filters."""
        rest = list(filters)
        first = next((part for part in rest if part.operator == "eq"), None)
        if first is None:
            into = self._always
        else:
            rest.remove(first)
            into = self._by_value.setdefault(first.field, {}).setdefault(first.value, [])
        into.append((tuple((part.field, _test(part)) for part in rest), feed))

    def feed(self, document: Document, moment: datetime | None) -> None:
        """Hand an event to every rule that it concerns."""
        indexed = (index.get(document[field], ()) for field, index in self._by_value.items())
        for tests, feed in itertools.chain(self._always, *indexed):
            for field, test in tests:
                if not test(document[field]):
                    break
            else:
                # Each rule has its own documents: they stay in its windows, and a match turns the time into text.
                feed([{**document, "@timestamp": moment}])


def measure(case: Case, file: Path) -> Measure:
    """Feed it the events of the file."""
    orjson = importlib.import_module("orjson")
    types = importlib.import_module("elastalert.ruletypes")
    filters: dict[str, FrontFilter] = {}
    rules = []
    for condition in make(case.conditions, kind=case.kind):
        rules.append(_rule(types, condition))
        filters.setdefault(condition.type, FrontFilter()).add(condition.filters, rules[-1].add_data)
    decode, parse = orjson.loads, datetime.fromisoformat
    events = 0
    started = time.process_time()
    with file.open("rb") as lines:
        for line in lines:
            document = decode(line)
            events += 1
            if front := filters.get(document["type"]):
                front.feed(document, parse(document["time"]))
    seconds = time.process_time() - started
    return Measure(events=events, seconds=seconds, facts={"firings": sum(len(rule.matches) for rule in rules)})


def _rule(types: Any, condition: ConditionSpec) -> Any:
    settings: dict[str, Any] = {"timeframe": timedelta(minutes=condition.minutes), "timestamp_field": "@timestamp"}
    if condition.per == "distinct-computers":
        return types.CardinalityRule(settings | {"cardinality_field": "computer", "max_cardinality": condition.count - 1})
    if condition.per == "single-computer":
        settings["query_key"] = "computer"
    return types.FrequencyRule(settings | {"num_events": condition.count})


def _test(part: Filter) -> Test:
    value: Any = part.value
    match part.operator:
        case "eq":
            return lambda found: bool(found == value)
        case "glob":
            match_ = re.compile(fnmatch.translate(value)).match
            return lambda found: match_(found) is not None
        case "cidr":
            return _network_test(value)
        case "ge":
            return lambda found: bool(found >= value)
        case "lt":
            return lambda found: bool(found < value)


def _network_test(text: str) -> Test:
    from socket import inet_aton

    network = ipaddress.ip_network(text)
    first, last = network.network_address.packed, network.broadcast_address.packed
    return lambda found: first <= inet_aton(found) <= last
