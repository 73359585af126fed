"""The source of what an event passes: filters as expressions, and the function that finds the conditions of a type.

Names that come from outside never become source text: fields have slots with safe names, and every value is an argument.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from alert_core.engine.lookups import REMEMBERED, Lookup, Verdicts, by_value
from alert_core.evaluators import Guard, Hit, define, loop_of
from alert_core.filters import Filter, pack_address
from alert_core.projection import PORT_FIELDS, TEXT_FIELDS, Projection

__all__ = ["Code"]

# More networks share the packing of an address, and more equalities a look into a table.
_FEW_NETWORKS, _FEW_EQUALITIES = 2, 6

# What it costs, in relation, to compare a number, to look at a part of a text, and to look up what was decided.
_COMPARED, _PART, _REMEMBERED = 1, 6, 11
_MOST = 20
"""What deciding filters one by one may cost before it pays to remember their conditions by value."""

_SELDOM_TWICE = frozenset({"id", "message", "raw"})
"""Fields whose values are not worth remembering."""

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
        self._numbers = self._numeric | PORT_FIELDS
        self._verdicts: dict[tuple[str, str], Verdicts] = {}
        self._cap = max(256, min(REMEMBERED, 4_000_000 // max(1, filters)))

    def guard(self, filters: Iterable[Filter]) -> Guard:
        """Filters that all have to hold, as one expression of a template over `event`."""
        values: Values = {}
        slots = self._slots
        terms = [
            self._term(self._seen(part), f"event.{slots[part.field]}", f"{{own}}f{index}", values)
            for index, part in enumerate(filters)
        ]
        return Guard(" and ".join(terms), {name.removeprefix("{own}"): value for name, value in values.items()})

    def _seen(self, part: Filter) -> Filter:
        """A filter as it works on this projection, where numbers may have to be found in values of any kind."""
        mixed = part.numeric and part.equal is not None and part.field not in self._numbers
        return replace(part, equal=None) if mixed else part

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
            return f"{_likely(part.between, subject, name, values)} and {inside}" if part.between else inside
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
                fields.setdefault(part.field, []).append((self._seen(part), hit))
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
        equal = [(part, hit) for part, hit in found if part.equal is not None]
        others = [(part, hit) for part, hit in found if not part.network and part.equal is None]
        table: list[Entry] = []
        if sum(self._price(part) for part, _ in others) > _MOST:
            table, equal, others = equal + others, [], []
        elif len(equal) > _FEW_EQUALITIES:
            table, equal = equal, []
        compared = equal + others
        if len(networks) <= _FEW_NETWORKS:
            compared, networks = compared + networks, []
        lines = self._compare(compared, slot, values)
        lines += _look_up(table, slot, values) if table else []
        return lines + (_scan(networks, slot, values) if networks else [])

    def _price(self, part: Filter) -> int:
        """What it costs to decide a filter by itself that is no equality; nothing where remembering would not help."""
        if part.field in _SELDOM_TWICE:
            return 0
        if part.order and part.field in self._numeric:
            return _COMPARED
        return _PART if part.part and part.field in TEXT_FIELDS else _REMEMBERED

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


def _likely(between: tuple[str, str], subject: str, name: str, values: Values) -> str:
    """Whether it is worth the time to pack an address, which takes several times that of a look at it."""
    values[f"{name}_low"], values[f"{name}_high"] = between
    return f"{subject}.__class__ is str and ({name}_low <= {subject} < {name}_high or ':' in {subject})"


def _inside(part: tuple[str, str], subject: str, name: str, values: Values) -> str:
    place, text = part
    values[name] = text
    if place == "anywhere":
        return f"{name} in {subject}"
    if place == "end":
        return f"{subject}[-{len(text)}:] == {name}"
    if ord(text[-1]) == sys.maxunicode:
        return f"{subject}[:{len(text)}] == {name}"
    # Everything from the text to the next that begins otherwise: two comparisons take half the time of cutting.
    values[f"{name}_next"] = text[:-1] + chr(ord(text[-1]) + 1)
    return f"{name} <= {subject} < {name}_next"
