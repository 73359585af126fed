"""From event types and filters to functions: the cost of an event follows the conditions that match, not those that exist.

Each condition is indexed by one of its filters, the most selective. Per event type there is one generated function that looks
up the value of each indexed field once and calls the conditions found there; a condition's other filters are its guard,
decided inside the condition's own function. Globs, negations and comparisons are decided once per distinct value and
remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from alert_core.engine.filters import Filter, Test, pack_address
from alert_core.engine.watch import Watch
from alert_core.evaluators import Emit, Guard, Hit, define
from alert_core.projection import TEXT_FIELDS, Projection

__all__ = ["Matcher"]

_REMEMBERED = 65_536
_TYPES = 10_000
_FEW = 2

Handler = Callable[[Any, datetime], None]


class _Verdicts(dict[Any, bool]):
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


class _Lookup(dict[Any, tuple[Hit, ...]]):
    """Value -> the conditions that are met by it, equalities and everything else alike; bounded like `_Verdicts`."""

    def __init__(self, entries: Sequence[tuple[Filter, Hit]]) -> None:
        super().__init__()
        self.tests = [(part.test, hit) for part, hit in entries if part.equal is None]
        self.equal = _by_value(entries)
        self.overflows = 0

    def __missing__(self, value: Any) -> tuple[Hit, ...]:
        hits = self.equal.get(value, ()) + tuple(hit for test, hit in self.tests if test(value))
        if self.overflows < 2:
            if len(self) >= _REMEMBERED:
                self.clear()
                self.overflows += 1
            self[value] = hits
        return hits


def _by_value(entries: Sequence[tuple[Filter, Hit]]) -> dict[Any, tuple[Hit, ...]]:
    lists: dict[Any, list[Hit]] = {}
    for part, hit in entries:
        for value in part.equal or ():
            lists.setdefault(value, []).append(hit)
    return {value: tuple(hits) for value, hits in lists.items()}


class Matcher:
    """The compiled form of all conditions.

    Args:
        watches: The conditions, in their order.
        projection: Where the fields are found in what is matched.
        emit: Makes the function that a condition calls when it fires.
    """

    def __init__(self, watches: Sequence[Watch], projection: Projection, emit: Callable[[Watch], Emit]) -> None:
        self._watches, self._slots, self._numeric = watches, projection.slots, projection.numeric
        self._verdicts: dict[tuple[str, str], _Verdicts] = {}
        texts = {(part.field, part.text) for watch in watches for part in watch.filters}
        self._cap = max(256, min(_REMEMBERED, 4_000_000 // max(1, len(texts))))
        self._alone = Counter(watch.filters[0].field for watch in watches if len(watch.filters) == 1)
        self._indexed: list[Filter | None] = [self._index(watch) for watch in watches]
        self.hits = [self._compile(watch, indexed, emit(watch)) for watch, indexed in zip(watches, self._indexed, strict=True)]
        self.handlers: dict[str, Handler | None] = {}
        self._shared: dict[tuple[int, ...], Handler] = {}

    def _index(self, watch: Watch) -> Filter | None:
        """The filter to index a condition by: the most selective, but rather on a field that is looked up anyway."""
        if not watch.filters:
            return None
        return min(
            watch.filters, key=lambda part: (part.network is not None, part.share * (1 if self._alone[part.field] else 3))
        )

    def _compile(self, watch: Watch, indexed: Filter | None, emit: Emit) -> Hit:
        rest = sorted((part for part in watch.filters if part is not indexed), key=lambda part: part.share)
        values: dict[str, Any] = {}
        terms = [self._term(part, f"f{number}", values) for number, part in enumerate(rest)]
        return watch.evaluator.compile(watch.states, emit, Guard(" and ".join(terms), values))

    def _term(self, part: Filter, name: str, values: dict[str, Any]) -> str:
        """One filter as an expression over `event`; what it compares with goes into `values`."""
        slot = f"event.{self._slots[part.field]}"
        if part.equal is not None:
            values[name] = part.equal if len(part.equal) > 1 else next(iter(part.equal))
            return f"{slot} {'in' if len(part.equal) > 1 else '=='} {name}"
        if part.order and part.field in self._numeric:
            values[name] = part.order[1]
            return f"{slot} {part.order[0]} {name}"
        if part.part and part.field in TEXT_FIELDS:
            place, values[name] = part.part
            size = len(values[name])
            inside = {
                "start": f"{slot}[:{size}] == {name}",
                "end": f"{slot}[-{size}:] == {name}",
                "anywhere": f"{name} in {slot}",
            }
            return f"{slot} is not None and {inside[place]}"
        if part.network:
            values[name] = part.test
            return f"{name}({slot})"
        key = (part.field, part.text)
        values[name] = self._verdicts.setdefault(key, _Verdicts(part.test, self._cap))
        return f"{name}[{slot}]"

    def handler(self, event_type: str) -> Handler | None:
        """The function for events of a type, made when the first one is seen; `None` when no condition wants them."""
        if event_type in self.handlers:
            return self.handlers[event_type]
        if len(self.handlers) >= _TYPES:
            # Hostile input may make up types without end.
            self.handlers.clear()
        wanting = tuple(number for number, watch in enumerate(self._watches) if watch.wants(event_type))
        handler = None
        if wanting:
            handler = self._shared.get(wanting) or self._shared.setdefault(wanting, self._generate(wanting))
        self.handlers[event_type] = handler
        return handler

    def _generate(self, wanting: Iterable[int]) -> Handler:
        entries: dict[str, list[tuple[Filter, Hit]]] = {}
        networks: dict[str, list[tuple[Filter, Hit]]] = {}
        always: list[Hit] = []
        for number in wanting:
            part, hit = self._indexed[number], self.hits[number]
            if part is None:
                always.append(hit)
            else:
                (networks if part.network else entries).setdefault(part.field, []).append((part, hit))
        space: dict[str, Any] = {"pack_address": pack_address}
        lines = ["def handle(event, time):"]
        for field, found in entries.items():
            lines += self._look_up(field, found, space)
        for field, found in networks.items():
            lines += self._scan(field, found, space)
        for number, hit in enumerate(always):
            space[f"always{number}"] = hit
            lines.append(f"    always{number}(event, time)")
        handler: Handler = define("\n".join(lines) + "\n", "handle", space)
        return handler

    def _look_up(self, field: str, found: Sequence[tuple[Filter, Hit]], space: dict[str, Any]) -> list[str]:
        slot = self._slots[field]
        if len(found) <= _FEW:
            return [
                line for number, (part, hit) in enumerate(found) for line in self._try(part, hit, f"{slot}_{number}", space)
            ]
        name = f"by_{slot}"
        if any(part.equal is None for part, _ in found):
            space[name] = _Lookup(found)
            return [f"    for hit in {name}[event.{slot}]:", "        hit(event, time)"]
        space[name] = _by_value(found)
        return [
            f"    value = event.{slot}",
            f"    if value in {name}:",
            f"        for hit in {name}[value]:",
            "            hit(event, time)",
        ]

    def _try(self, part: Filter, hit: Hit, name: str, space: dict[str, Any]) -> list[str]:
        """A single condition: comparing costs less than looking up what to do."""
        space[f"hit_{name}"] = hit
        return [f"    if {self._term(part, f'is_{name}', space)}:", f"        hit_{name}(event, time)"]

    def _scan(self, field: str, found: Sequence[tuple[Filter, Hit]], space: dict[str, Any]) -> list[str]:
        slot = self._slots[field]
        lines = [f"    address = pack_address(event.{slot})"]
        for number, (part, hit) in enumerate(found):
            assert part.network
            prefix = f"{slot}_{number}"
            space[f"first_{prefix}"], space[f"last_{prefix}"] = part.network
            space[f"hit_{prefix}"] = hit
            lines.append(f"    if first_{prefix} <= address <= last_{prefix}:")
            lines.append(f"        hit_{prefix}(event, time)")
        return lines
