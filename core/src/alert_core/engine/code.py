"""The source of what an event passes: filters as expressions, and the function that finds the conditions of a type.

Names that come from outside never become source text: fields have slots with safe names, and every value is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from alert_core.engine.lookups import REMEMBERED, Lookup, Verdicts, by_value
from alert_core.evaluators import Guard, Hit, define, loop_of
from alert_core.filters import Filter, pack_address
from alert_core.projection import TEXT_FIELDS, Projection

__all__ = ["Code"]

_FEW = 2

Entry = tuple[Filter, Hit]
Values = dict[str, Any]


class Code:
    """Writes expressions and functions over the slots of one projection.

    Args:
        projection: Where fields are found.
        filters: How many different filters there are; they share the memory for what is remembered about values.
    """

    def __init__(self, projection: Projection, filters: int) -> None:
        self._slots, self._numeric = projection.slots, projection.numeric
        self._verdicts: dict[tuple[str, str], Verdicts] = {}
        self._cap = max(256, min(REMEMBERED, 4_000_000 // max(1, filters)))

    def guard(self, filters: Iterable[Filter]) -> Guard:
        """Filters that all have to hold, as one expression of a template over `event`."""
        values: Values = {}
        slots = self._slots
        terms = [
            self._term(part, f"event.{slots[part.field]}", f"{{own}}f{index}", values) for index, part in enumerate(filters)
        ]
        return Guard(" and ".join(terms), {name.removeprefix("{own}"): value for name, value in values.items()})

    def _term(self, part: Filter, subject: str, name: str, values: Values) -> str:
        """One filter as an expression over the subject; what it compares with goes into `values` under the name."""
        if part.equal is not None:
            values[name] = part.equal if len(part.equal) > 1 else next(iter(part.equal))
            return f"{subject} {'in' if len(part.equal) > 1 else '=='} {name}"
        if part.order and part.field in self._numeric:
            values[name] = part.order[1]
            return f"{subject} {part.order[0]} {name}"
        if part.network:
            values[f"{name}_pack"] = pack_address
            values[f"{name}_first"], values[f"{name}_last"] = part.network
            inside = f"{name}_first <= {name}_pack({subject}) <= {name}_last"
            return f"{_likely(part.leading, subject, name, values)} and {inside}" if part.leading else inside
        if part.part and part.field in TEXT_FIELDS:
            return f"{subject} is not None and {_inside(part.part, subject, name, values)}"
        values[name] = self._verdicts.setdefault((part.field, part.text), Verdicts(part.test, self._cap))
        return f"{name}[{subject}]"

    def handler(self, entries: Sequence[tuple[Filter | None, Hit]]) -> Callable[[Sequence[Any]], None]:
        """The function that takes events of one type to their conditions, each with the filter that it is indexed by."""
        values: Values = {}
        fields: dict[str, list[Entry]] = {}
        lines = []
        for index, (part, hit) in enumerate(entries):
            if part is None:
                values[f"always{index}"] = loop_of(hit)
                lines.append(f"    always{index}(events)")
            else:
                fields.setdefault(part.field, []).append((part, hit))
        if fields:
            lines += ["    for event in events:", "        time = event.time"]
        for field, found in fields.items():
            slot = self._slots[field]
            lines.append(f"        {slot} = event.{slot}")
            lines += self._find(found, slot, values)
        return _function(lines, values)

    def _find(self, found: Sequence[Entry], slot: str, values: Values) -> list[str]:
        """By the value of a field to conditions. Comparing costs less than looking up while they are few."""
        networks = [(part, hit) for part, hit in found if part.network]
        quick = [(part, hit) for part, hit in found if self._is_quick(part)]
        others = [(part, hit) for part, hit in found if not part.network and not self._is_quick(part)]
        if len(quick) > _FEW:
            # What is to be looked up anyway is looked up together.
            quick, others = [], others + quick
        lines = self._compare(quick, slot, values)
        lines += _look_up(others, slot, values) if len(others) > _FEW else self._compare(others, slot, values)
        return lines + (_scan(networks, slot, values) if len(networks) > _FEW else self._compare(networks, slot, values))

    def _is_quick(self, part: Filter) -> bool:
        """Whether it is decided at once, so that remembering what was decided about every value would take longer."""
        return bool((part.order and part.field in self._numeric) or (part.part and part.field in TEXT_FIELDS))

    def _compare(self, found: Sequence[Entry], slot: str, values: Values) -> list[str]:
        """Each filter by itself."""
        lines = []
        for part, hit in found:
            name = f"{slot}_{len(values)}"
            values[f"hit_{name}"] = hit
            lines.append(f"        if {self._term(part, slot, f'is_{name}', values)}:")
            lines.append(f"            hit_{name}(event, time)")
        return lines


def _function(lines: Sequence[str], values: Values) -> Callable[[Sequence[Any]], None]:
    """What the lines say, with the values as default arguments, which are the fastest names that there are."""
    defaults = ", ".join(f"{name}=values[{name!r}]" for name in values)
    source = "\n".join([f"def handle(events, {defaults}):", *lines]) + "\n"
    handle: Callable[[Sequence[Any]], None] = define(source, "handle", {"values": values})
    return handle


def _look_up(found: Sequence[Entry], slot: str, values: Values) -> list[str]:
    name = f"by_{slot}"
    if any(part.equal is None for part, _ in found):
        values[name] = Lookup(found)
        return [f"        for hit in {name}[{slot}]:", "            hit(event, time)"]
    values[name] = by_value(found)
    return [
        f"        if {slot} in {name}:",
        f"            for hit in {name}[{slot}]:",
        "                hit(event, time)",
    ]


def _scan(networks: Sequence[Entry], slot: str, values: Values) -> list[str]:
    """An address is packed once and compared with the ends of every network."""
    values["pack_address"] = pack_address
    lines = [f"        address = pack_address({slot})"]
    for index, (part, hit) in enumerate(networks):
        assert part.network
        name = f"{slot}_{index}"
        values[f"first_{name}"], values[f"last_{name}"], values[f"inside_{name}"] = *part.network, hit
        lines.append(f"        if first_{name} <= address <= last_{name}:")
        lines.append(f"            inside_{name}(event, time)")
    return lines


def _likely(leading: str, subject: str, name: str, values: Values) -> str:
    """Whether it is worth the time to pack an address, which is several times that of a look at how it begins."""
    values[f"{name}_leading"] = leading
    return f"{subject}.__class__ is str and ({subject}[:{len(leading)}] == {name}_leading or ':' in {subject})"


def _inside(part: tuple[str, str], subject: str, name: str, values: Values) -> str:
    place, values[name] = part
    size = len(values[name])
    return {
        "start": f"{subject}[:{size}] == {name}",
        "end": f"{subject}[-{size}:] == {name}",
        "anywhere": f"{name} in {subject}",
    }[place]
