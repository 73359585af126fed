"""From the text of a record to its columns.

The text looks like CSV and is none: some columns have labels and some have not, values hold commas and quotes as they please,
and versions differ in order and number. So labels that are known are what columns are found by, wherever they stand; what has
none belongs to the column before it, unless the layout knows what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alert_sepm._languages import Languages
from alert_sepm._layouts import LAYOUTS, Layout
from alert_sepm._plans import Plan, Planner
from alert_sepm._repair import Mark, closing, genuine, repeats
from alert_sepm._values import PEERS, ValueReader

__all__ = ["ColumnReader", "Columns"]

_LONGEST_LABEL = 40
_MOST_SIZES, _MOST_OF_SIZE = 64, 4
_LABEL_LIKE = re.compile(r"[\s\"]*[^\W\d][^:\\/\"]{1,39}:(?:\s|$)")
_LAST = frozenset({"md5", "certificate_serial_number", "device_id", "url_category", "url_risk"})
_NETWORK = frozenset({"local", "local_address", "remote", "remote_address", "remote_name", "remote_port"})
_NOT_IN_PACKET = frozenset({"begun", "ended", "rule", "occurrences", "location", "local_mac", "remote_mac"})


class Columns(NamedTuple):
    """What a record says.

    Attributes:
        layout: Which log it is of.
        values: Key -> value; none is empty.
        truncated: Whether its end is missing.
        repeated: Keys that it says more than once, although none should; somebody may have put a label into a value.
    """

    layout: Layout
    values: dict[str, str]
    truncated: bool
    repeated: tuple[str, ...]


class ColumnReader:
    """Reads columns.

    Args:
        languages: The labels and words that there are.
        wanted: Log -> the keys that are looked at, when others need not be told; none: all are.
    """

    def __init__(self, languages: Languages, wanted: Mapping[str, frozenset[str]] | None = None) -> None:
        self._languages = languages
        self._values, self._planner = ValueReader(languages), Planner(languages, wanted or {})
        self._plans: dict[int, list[Plan]] = {}
        self._tries: dict[int, int] = {}

    def read(self, text: str) -> Columns | None:
        """The columns of a record; `None` if it is of no known log."""
        commas = text.count(",")
        for plan in self._plans.get(commas, ()):
            values = plan.read(text)
            if values is not None:
                return Columns(plan.layout, values, False, ())
        return self._read(text, commas)

    def _read(self, text: str, commas: int) -> Columns | None:
        """The same, for a shape that has no plan yet."""
        pieces, quoted = text.split(","), '"' in text
        marks = self._marks(pieces, quoted=quoted)
        foreign = not text.isascii() and self._is_foreign(pieces, marks)
        if foreign:
            marks = self._marks(pieces, quoted=quoted, foreign=True)
        keys = [mark[0] for mark in marks]
        layout = self._layout(pieces, marks, frozenset(keys))
        if layout is None:
            return None
        if not layout.keys.issuperset(keys):
            marks = [mark for mark in marks if mark[0] in layout.keys or mark[0] not in self._languages.keys]
            keys = [mark[0] for mark in marks]
        repeated: tuple[str, ...] = ()
        if len(set(keys)) < len(keys) and (repeated := repeats(keys, allowed=PEERS)):
            marks = genuine(marks, layout.order, allowed=PEERS)
        # Nobody knows all labels of a foreign server, and so not which is its last.
        whole = foreign or not layout.last or layout.order[-1] in keys or (bool(keys) and keys[-1] in layout.last)
        if whole and not (quoted or foreign or repeated):
            self._plan(commas, layout, pieces, marks)
        return Columns(layout, self._values.read(layout, pieces, marks, torn=not whole), not whole, repeated)

    def _plan(self, commas: int, layout: Layout, pieces: Sequence[str], marks: Sequence[Mark]) -> None:
        """Have the next record of this shape read in one go; ever more rarely, where shapes are many or cannot be planned."""
        tries = self._tries[commas] = self._tries.get(commas, 0) + 1
        if tries & (tries - 1) == 0 and (plan := self._planner.plan(layout, pieces, marks)):
            plans = self._plans.setdefault(commas, [])
            plans.insert(0, plan)
            del plans[_MOST_OF_SIZE:]
        if len(self._tries) > _MOST_SIZES:
            self._tries.clear()
            self._plans.clear()

    def _marks(self, pieces: Sequence[str], *, quoted: bool, foreign: bool = False) -> list[Mark]:
        """The labels in a text, those inside quotes left out.

        Args:
            pieces: The text, cut at every comma.
            quoted: Whether there are quotes in it.
            foreign: Whether to take for a label whatever looks like one, because the language is known in part only.
        """
        known, key_of = self._languages.labels.get, self._languages.key_of
        marks: list[Mark] = []
        inside = -1
        for place, piece in enumerate(pieces):
            label, colon, value = piece.partition(":")
            if not colon or place <= inside:
                continue
            key = known(label)
            if key is None:
                if len(label) > _LONGEST_LABEL:
                    continue
                key = key_of(label)
                if key is None:
                    # What newer versions append has labels that are not known yet.
                    if not (foreign or (marks and marks[-1][0] in _LAST)) or not _LABEL_LIKE.match(piece):
                        continue
                    key = label.strip()
                if quoted and label.lstrip()[:1] == '"':
                    inside = closing(pieces, place)
            marks.append((key, place, value))
        return marks

    def _is_foreign(self, pieces: Sequence[str], marks: Sequence[Mark]) -> bool:
        return any(self._languages.is_foreign(pieces[mark[1]].partition(":")[0]) for mark in marks)

    def _layout(self, pieces: Sequence[str], marks: Sequence[Mark], keys: frozenset[str]) -> Layout | None:
        for layout in LAYOUTS.values():
            if not layout.marks.isdisjoint(keys):
                return layout
        if not keys.isdisjoint(_NETWORK):
            if "description" in keys:
                return LAYOUTS["security"]
            return LAYOUTS["packet" if keys.isdisjoint(_NOT_IN_PACKET) else "traffic"]
        if "begun" in keys:
            return LAYOUTS["behavior"]
        if "admin" in keys:
            rest = pieces[next(mark[1] for mark in marks if mark[0] == "admin") + 1 :]
            return LAYOUTS["policy" if self._languages.says("policy", ",".join(rest)) else "administrative"]
        if "site" in keys or {"server", "domain"} <= keys:
            active = "domain" in keys or self._languages.says("activity", ",".join(pieces))
            return LAYOUTS["activity" if active else "system"]
        return LAYOUTS["risk"] if keys and self._languages.says("risk", pieces[0]) else None
