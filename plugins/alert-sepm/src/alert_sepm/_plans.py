"""Shapes of records that have been read before, so that the next one of the same shape is read in one go.

A plan says the same as reading by labels would, or nothing: it takes only records without quotes that have the same labels at
the same places, one column for each piece between commas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from alert_sepm._languages import Languages
from alert_sepm._layouts import Layout
from alert_sepm._repair import Mark, unquoted

__all__ = ["Plan", "Planner"]

_BLANK = ""
_TAKEN, _PASSED, _BLANKS = r"([^,\"]*+)", r"[^,\"]*+", r"\s*+"
# Which of these it is, is decided by words: the list, behind which column they stand, and whether one of them must be there.
_BY_WORDS = {
    "policy": ("policy", "admin", True),
    "administrative": ("policy", "admin", False),
    "system": ("activity", "", False),
}


class Plan:
    """How to read records of one shape.

    Args:
        layout: Which log they are of.
        names: The keys of the groups of the pattern.
        pattern: Matches records of this shape.
        bare: Key of a column without a label -> the words of which it is one; none: any text but a label.
        languages: The labels that there are.
    """

    def __init__(
        self,
        layout: Layout,
        names: tuple[str, ...],
        *,
        pattern: re.Pattern[str],
        bare: Mapping[str, frozenset[str]],
        languages: Languages,
    ) -> None:
        self.layout, self._names, self._match = layout, names, pattern.fullmatch
        self._bare = [(names.index(name), words) for name, words in bare.items()]
        self._languages = languages
        self._words = _BY_WORDS.get(layout.name)

    def read(self, text: str) -> dict[str, str] | None:
        """The values of a record; `None` if it has another shape."""
        match = self._match(text)
        if match is None:
            return None
        columns = match.groups()
        for index, words in self._bare:
            column = columns[index]
            if words:
                if column.strip().lower() not in words:
                    return None
            elif ":" in column and self._languages.key_of(column.partition(":")[0]) is not None:
                return None
        if self._words is not None and not self._has_words(match):
            return None
        values = {}
        for name, column in zip(self._names, columns, strict=True):
            value = column.strip()
            if value:
                values[name] = unquoted(value) if value[-1] == "'" else value
        return values

    def _has_words(self, match: re.Match[str]) -> bool:
        words, behind, expected = self._words or ("", "", True)
        text = match.string[match.end(self._names.index(behind) + 1) :] if behind else match.string
        return self._languages.says(words, text) is expected


class Planner:
    """Makes plans.

    Args:
        languages: The labels and words that there are.
        wanted: Log -> the keys that are looked at; none: all are.
    """

    def __init__(self, languages: Languages, wanted: Mapping[str, frozenset[str]]) -> None:
        self._languages, self._wanted = languages, wanted
        self._words = {"direction": languages.directions, "protocol": languages.sets["protocol"]}

    def plan(self, layout: Layout, pieces: Sequence[str], marks: Sequence[Mark]) -> Plan | None:
        """How to read records like this one; `None` if that cannot be said in advance."""
        keys = [mark[0] for mark in marks]
        if not layout.keys.issuperset(keys) or not _told_by_labels(layout, keys):
            return None
        columns: list[tuple[str, str]] = []
        places = [0, *(mark[1] for mark in marks), len(pieces)]
        for index, key in enumerate(["", *keys]):
            stretch = pieces[places[index] : places[index + 1]]
            if key:
                columns.append((key, f"{re.escape(stretch[0].partition(':')[0])}:"))
                stretch = stretch[1:]
            bare = self._bare(layout, key, stretch)
            if bare is None:
                return None
            columns += [(name, "") for name in bare]
        taken = [name for name, label in columns if name and (not label or self._is_wanted(layout, name))]
        names = [name for name, _ in columns if name]
        if len(set(names)) < len(names):
            return None
        pattern = ",".join(label + (_BLANKS if not name else _TAKEN if name in taken else _PASSED) for name, label in columns)
        unlabelled = {name: self._words.get(name, frozenset()) for name, label in columns if name and not label}
        return Plan(layout, tuple(taken), pattern=re.compile(pattern), bare=unlabelled, languages=self._languages)

    def _is_wanted(self, layout: Layout, key: str) -> bool:
        wanted = self._wanted.get(layout.name)
        return wanted is None or key in wanted or key == _BY_WORDS.get(layout.name, ("", "", True))[1]

    def _bare(self, layout: Layout, key: str, stretch: Sequence[str]) -> list[str] | None:
        """The keys of columns without labels, blank for those that are always blank; `None` if they are not the usual ones."""
        names = layout.between.get(key, ())
        if layout.network and key:
            kinds = [self._kind(column) for column in stretch]
            return None if None in kinds else [kind or _BLANK for kind in kinds]
        if names:
            return list(names[: len(stretch)]) if len(stretch) <= len(names) else None
        return None if any(column.strip() for column in stretch) else [_BLANK] * len(stretch)

    def _kind(self, column: str) -> str | None:
        """What a column of a network log is; blank if it is blank."""
        word = column.strip().lower()
        return next((kind for kind, words in self._words.items() if word in words), None) if word else _BLANK


def _told_by_labels(layout: Layout, keys: Sequence[str]) -> bool:
    """Whether its labels say which log it is of, but for words that a plan looks for."""
    return "domain" in keys if layout.name == "activity" else not layout.marks or not layout.marks.isdisjoint(keys)
