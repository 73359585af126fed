"""Tables that remember what was decided about a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alert_core.evaluators import Hit
from alert_core.filters import Filter, Test

__all__ = ["REMEMBERED", "Lookup", "Verdicts", "by_value"]

REMEMBERED = 65_536


class Verdicts(dict[Any, bool]):
    """Value -> whether a filter passes; decided once per distinct value.

    When values hardly ever repeat, remembering them only costs memory: after the second overflow it stops.
    """

    def __init__(self, test: Test, cap: int) -> None:
        super().__init__()
        self.test, self.cap, self.overflows = test, cap, 0

    def __missing__(self, value: Any) -> bool:
        verdict = self.test(value)
        if self.overflows < 2:
            if len(self) >= self.cap:
                self.clear()
                self.overflows += 1
            self[value] = verdict
        return verdict


class Lookup(dict[Any, tuple[Hit, ...]]):
    """Value -> the conditions that are met by it, equalities and everything else alike; bounded like `Verdicts`."""

    def __init__(self, entries: Sequence[tuple[Filter, Hit]]) -> None:
        super().__init__()
        self.tests = [(part.test, hit) for part, hit in entries if part.equal is None]
        self.equal = by_value(entries)
        self.overflows = 0

    def __missing__(self, value: Any) -> tuple[Hit, ...]:
        hits = self.equal.get(value, ()) + tuple(hit for test, hit in self.tests if test(value))
        if self.overflows < 2:
            if len(self) >= REMEMBERED:
                self.clear()
                self.overflows += 1
            self[value] = hits
        return hits


def by_value(entries: Sequence[tuple[Filter, Hit]]) -> dict[Any, tuple[Hit, ...]]:
    """Value -> the conditions that are equal to it; for entries that are equalities."""
    lists: dict[Any, list[Hit]] = {}
    for part, hit in entries:
        for value in part.equal or ():
            lists.setdefault(value, []).append(hit)
    return {value: tuple(hits) for value, hits in lists.items()}
