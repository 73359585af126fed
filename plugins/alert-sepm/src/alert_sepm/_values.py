"""The values of columns, when it is known where their labels stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alert_sepm._languages import Languages
from alert_sepm._layouts import Layout
from alert_sepm._repair import Mark, unquoted

__all__ = ["PEERS", "ValueReader"]

PEERS = frozenset({"local", "remote"})
"""Labels that older servers write several times: before an address, a port, and a name or a hardware address."""

_MAC = re.compile(r"[0-9A-Fa-f]{12}|(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")
_REST = "rest"


class ValueReader:
    """Reads values.

    Args:
        languages: The labels and words that there are.
    """

    def __init__(self, languages: Languages) -> None:
        self._labels = sorted(languages.labels)
        self._directions = languages.directions
        self._protocols = languages.sets["protocol"]

    def read(self, layout: Layout, pieces: Sequence[str], marks: Sequence[Mark], *, torn: bool) -> dict[str, str]:
        """The values by their keys; empty ones are left out.

        Args:
            layout: Which log it is of.
            pieces: The text, cut at every comma.
            marks: The labels in it.
            torn: Whether the end is missing.
        """
        values: dict[str, str] = {}
        end = marks[0][1] if marks else len(pieces)
        if end:
            _fill(layout, "", ["", *pieces[:end]], values)
        for index, (key, place, value) in enumerate(marks, 1):
            end = marks[index][1] if index < len(marks) else len(pieces)
            if end == place + 1 and key not in PEERS:
                value = value.strip()
                if value:
                    values[key] = unquoted(value) if value[-1] in "\"'" else value
                continue
            stretch = [value, *pieces[place + 1 : end]]
            if torn and index == len(marks):
                self._set_torn_label_apart(stretch, values)
            if layout.network:
                self._take_words(stretch, values)
            if key in PEERS:
                key = _peer_key(key, value.strip())
            _fill(layout, key, stretch, values, marks)
        return values

    def _set_torn_label_apart(self, stretch: list[str], values: dict[str, str]) -> None:
        """The beginning of a label at the end of a truncated record is no part of the value before it."""
        torn = stretch[-1].strip(' "')
        if len(stretch) > 1 and torn and any(label.startswith(torn) for label in self._labels):
            values[_REST] = stretch.pop()

    def _take_words(self, stretch: list[str], values: dict[str, str]) -> None:
        """Directions and protocols, which stand somewhere without a label."""
        left = stretch[:1]
        for piece in stretch[1:]:
            word = piece.strip().lower()
            if word in self._directions and "direction" not in values:
                values["direction"] = piece.strip()
            elif word in self._protocols and "protocol" not in values:
                values["protocol"] = piece.strip()
            else:
                left.append(piece)
        stretch[:] = left


def _fill(layout: Layout, key: str, stretch: list[str], values: dict[str, str], marks: Sequence[Mark] = ()) -> None:
    """Share out a labelled value and what follows it without labels.

    Args:
        layout: Which log it is of.
        key: The key of the label; empty for what stands before all labels.
        stretch: The value and the pieces that follow it.
        values: Where to put them.
        marks: All labels of the record.
    """
    names = layout.between.get(key)
    if key and not any(piece.strip() for piece in stretch[1:]):
        del stretch[1:]
    elif names is None:
        names = _names_of_missing(layout, key, marks)
    if names is None:
        _put(values, key, ",".join(stretch))
    elif len(stretch) <= len(names) + 1:
        for name, piece in zip((key, *names), stretch, strict=False):
            _put(values, name, piece)
    else:
        _put_shared(layout, key, names, stretch, values)


def _names_of_missing(layout: Layout, key: str, marks: Sequence[Mark]) -> tuple[str, ...] | None:
    """The columns without labels behind the next label, if that is missing in this record."""
    if key not in layout.order:
        return None
    present = {mark[0] for mark in marks}
    for following in layout.order[layout.order.index(key) + 1 :]:
        if following in present:
            return None
        if following in layout.between:
            return layout.between[following]
    return None


def _put_shared(layout: Layout, key: str, names: tuple[str, ...], stretch: list[str], values: dict[str, str]) -> None:
    """Share out more pieces than there are columns."""
    pattern = layout.split.get(key)
    match = pattern.fullmatch(",".join(stretch if key else stretch[1:])) if pattern else None
    if match:
        for name, value in match.groupdict().items():
            _put(values, name, value)
        return
    # The last one takes the rest.
    for name, piece in zip((key, *names), [*stretch[: len(names)], ",".join(stretch[len(names) :])], strict=True):
        _put(values, name, piece)


def _put(values: dict[str, str], name: str, text: str) -> None:
    text = unquoted(text.strip())
    if text and name and name not in values:
        values[name] = text


def _peer_key(key: str, value: str) -> str:
    """What the label `Local` or `Remote` stands for this time."""
    if _ADDRESS.fullmatch(value):
        kind = "address"
    elif _MAC.fullmatch(value):
        kind = "mac"
    elif value.isdecimal():
        kind = "port"
    else:
        kind = "name"
    return f"{key}_{kind}"
