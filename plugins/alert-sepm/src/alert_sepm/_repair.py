"""What commas, quotes and labels inside values have done to a record, and how it is undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

__all__ = ["Mark", "closing", "genuine", "repeats", "unquoted"]

_FARTHEST = 64

Mark = tuple[str, int, str]
"""A label: the key that it stands for, the index of the piece that begins with it, and what follows it in that piece."""


def closing(pieces: Sequence[str], place: int) -> int:
    """The index of the piece in which the quoted column ends that begins at `place`; `place` itself if no quote ends it."""
    quotes = pieces[place].count('"')
    if quotes % 2 == 0:
        return place
    for index in range(place + 1, min(len(pieces), place + _FARTHEST)):
        quotes += pieces[index].count('"')
        if quotes % 2 == 0 and pieces[index].rstrip().endswith('"'):
            return index
    return place


def repeats(keys: Sequence[str], *, allowed: Collection[str]) -> tuple[str, ...]:
    """The keys that occur more than once."""
    return tuple(sorted(key for key, times in Counter(keys).items() if times > 1 and key not in allowed))


def genuine(marks: Sequence[Mark], order: Sequence[str], *, allowed: Collection[str]) -> list[Mark]:
    """The labels of a record in which some occur more than once, without those that stand inside a value.

    Whoever chooses a value, such as the company name of a file, may put labels into it. These stand together, behind genuine
    ones and before genuine ones. So one stretch is left out such that no label remains twice: the shortest one; of several that
    after which the labels are best in order; of several the first, because what follows a value is out of its author's reach.

    Args:
        marks: All labels, in the order in which they stand.
        order: The order in which they should stand.
        allowed: Keys that may occur more than once.
    """
    rank = {key: index for index, key in enumerate(order)}
    best: tuple[int, int, int] | None = None
    kept: list[Mark] = []
    before: set[str] = set()
    for start in range(len(marks) + 1):
        end = _end_of_stretch(marks, start, before, allowed)
        left = [*marks[:start], *marks[end:]]
        ranks = [rank.get(mark[0], -1) for mark in left]
        score = (end - start, sum(here > after for here, after in pairwise(ranks)), start)
        if best is None or score < best:
            best, kept = score, left
        key = marks[start][0] if start < len(marks) else ""
        if key in before and key not in allowed:
            break
        before.add(key)
    return kept


def _end_of_stretch(marks: Sequence[Mark], start: int, before: Collection[str], allowed: Collection[str]) -> int:
    """How far a stretch from `start` on must go, so that nothing after it occurs before it or twice."""
    end, after = len(marks), set[str]()
    while end > start and ((key := marks[end - 1][0]) in allowed or (key not in before and key not in after)):
        after.add(key)
        end -= 1
    return end


def unquoted(text: str) -> str:
    """A value without the quotes around it, be they whole, doubled or only left over at one end."""
    if text[-1:] == "'" == text[:1] and len(text) > 1:
        return text[1:-1].strip()
    if '"' not in text:
        return text
    inner = text
    if text.count('"') % 2:
        inner = text[:-1] if text[-1] == '"' else text[1:] if text[0] == '"' else text
    elif text[0] == text[-1] == '"' and '"' not in text[1:-1].replace('""', ""):
        inner = text[1:-1]
    return inner.replace('""', '"').strip()
