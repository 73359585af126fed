"""An independent, slow and obvious reading of the counting rules; the engine must agree with it.

It shares no code with the engine: it keeps every event for ever, and for each event works everything out anew from all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from alert_core import Event
from alert_core.config import ConditionConfig

BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass
class Seen:
    """One event that a condition saw."""

    time: datetime
    count: int
    computer: str
    arrival: int
    used: bool = False


@dataclass
class Memory:
    """All that is known about one key of one condition."""

    events: list[Seen] = field(default_factory=list)
    until: datetime = BEGINNING
    suppressed: int = 0
    span: int = 0


def matches(config: ConditionConfig, event: Event) -> bool:
    if event.type not in config.settings.event_types:  # type: ignore[attr-defined]
        return False
    return all(holds(wanted, event.get(name)) for name, wanted in config.where.items())


def holds(wanted: Any, value: Any) -> bool:
    value = "" if value is None else value
    if isinstance(wanted, list):
        refused = [item[1:] for item in wanted if str(item).startswith("!")]
        passing = [item for item in wanted if not str(item).startswith("!")]
        return (not passing or any(holds(item, value) for item in passing)) and not any(holds(item, value) for item in refused)
    if isinstance(wanted, str) and wanted.startswith("!"):
        return not holds(wanted[1:], value)
    if isinstance(wanted, str) and wanted.startswith(">="):
        return str(value).replace(".", "").isdigit() and float(value) >= float(wanted[2:])
    if isinstance(wanted, str) and "/" in wanted:
        try:
            address = ip_address(value)
        except ValueError:
            return False
        return (getattr(address, "ipv4_mapped", None) or address) in ip_network(wanted)
    return fnmatchcase(str(value), str(wanted))


class Oracle:
    """Decides about one condition."""

    def __init__(self, config: ConditionConfig) -> None:
        settings: Any = config.settings
        self.config = config
        self.per = settings.per
        self.number = settings.count + (settings.compare == "more_than")
        self.window = timedelta(minutes=settings.minutes)
        self.newest = BEGINNING
        self.memories: dict[str, Memory] = {}
        self.shared = Memory()
        self.arrivals = 0

    def decide(self, event: Event) -> tuple[Any, ...] | None:
        if not matches(self.config, event):
            return None
        self.arrivals += 1
        self.newest = max(self.newest, event.time)
        key = event.computer if self.per == "single-computer" else ""
        memory = self._memory(key)
        damper = self.shared if self.config.damper_per == "condition" else memory
        memory.events.append(Seen(event.time, event.count, event.computer, self.arrivals))
        now = max(seen.time for seen in memory.events)
        if event.time < damper.until:
            damper.suppressed += event.count
        window = [seen for seen in memory.events if not seen.used and now - self.window < seen.time <= now]
        if now < damper.until or self._quantity(window) < self.number:
            return None
        decision = (self.config.name, key, now, event.id, *self._facts(window, event), damper.suppressed)
        for seen in window:
            seen.used = True
        damper.suppressed = 0
        if self.config.damper:
            damper.until = now + self.config.damper
        return decision

    def _memory(self, key: str) -> Memory:
        """What is known about a key, unless it was not seen for a whole span and its damper is over."""
        span = (self.newest - BEGINNING) // self.window
        memory = self.memories.setdefault(key, Memory(span=span))
        start = BEGINNING + span * self.window
        if self.per == "single-computer" and span - memory.span >= 2 and memory.until <= start:
            memory = self.memories[key] = Memory()
        memory.span = span
        return memory

    def _quantity(self, window: Sequence[Seen]) -> int:
        if self.per == "distinct-computers":
            return len({seen.computer for seen in window})
        return sum(seen.count for seen in window)

    def _facts(self, window: Sequence[Seen], event: Event) -> tuple[Any, ...]:
        """Quantity, the oldest occurrence that reached it, and the computers."""
        if self.per == "distinct-computers":
            last = {seen.computer: (seen.time, seen.arrival) for seen in sorted(window, key=lambda it: (it.time, it.arrival))}
            recent = sorted(last, key=lambda name: last[name])[-self.number :]
            return self.number, last[recent[0]][0], tuple(recent)
        times = sorted(seen.time for seen in window for _ in range(min(seen.count, self.number)))
        return max(self.number, event.count), times[-self.number], ()
