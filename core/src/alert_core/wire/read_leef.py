"""Reads what `leef` writes, and what others call LEEF, 1.0 and 2.0."""

from __future__ import annotations

import re

from alert_core.wire.controls import restored
from alert_core.wire.leef import Record

__all__ = ["LeefError", "parse", "split"]

MARK = "LEEF:"
_FIELDS = 5
_TAB = "\t"
# What rsyslog makes of a tab.
_LOST_TAB = "#011"
# As QRadar's guide has it, and as it is seen: ^  x5E  0x5E  \x5E  %x5E  \u005E  &#x5E;  5E is the number of the character.
_NUMBERED = re.compile(r"(?:\\|%|0|&#)?[xXuU]([0-9A-Fa-f]{1,6});?")
_NAMED = {"": _TAB, "\\t": _TAB, "<tab>": _TAB, "tab": _TAB, "\\\\t": _TAB, "<space>": " ", "space": " "}
_KEY = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)
# Many senders of version 1 put blanks where the format wants tabs.
_SPACED = re.compile(r" ([A-Za-z_][A-Za-z0-9_.-]*+)=")


class LeefError(ValueError):
    """A text is no LEEF; the message says where."""


def parse(text: str) -> Record:
    """The record that `leef.render` wrote as this line.

    Raises:
        LeefError: It is no LEEF.
    """
    header, pairs, delimiter, _ = split(text)
    return Record(
        vendor=restored(header[1]),
        product=restored(header[2]),
        product_version=restored(header[3]),
        event_id=restored(header[4]),
        attributes=tuple((key, restored(value)) for key, value in pairs.items()),
        delimiter=delimiter,
    )


def split(text: str) -> tuple[list[str], dict[str, str], str, str]:
    """The five fields of the header, the attributes, the delimiter, and what is no attribute.

    Blanks around values stay. Of two equal keys the later one counts.

    Raises:
        LeefError: It is no LEEF.
    """
    if not text.startswith(MARK):
        raise LeefError("not LEEF: no 'LEEF:' at position 0")
    header = text[len(MARK) :].split("|", _FIELDS)
    if len(header) < _FIELDS:
        raise LeefError(f"not LEEF: the header ends after {len(header)} of {_FIELDS} fields, at position {len(text)}")
    rest = header.pop() if len(header) > _FIELDS else ""
    delimiter, attributes = _delimited(header[0], rest)
    if delimiter == _TAB and _TAB not in attributes and _SPACED.search(attributes):
        parts = _SPACED.split(f" {attributes}")
        return header, dict(zip(parts[1::2], parts[2::2], strict=True)), " ", parts[0].strip()
    pairs, loose = _pairs(attributes, delimiter)
    return header, pairs, delimiter, loose


def _pairs(attributes: str, delimiter: str) -> tuple[dict[str, str], str]:
    pairs: dict[str, str] = {}
    loose: list[str] = []
    rest: list[str] = []
    last = ""
    for part in attributes.split(delimiter):
        key, equals, value = part.partition("=")
        if equals and (key.isalnum() or _KEY.fullmatch(key.strip())):
            if rest:
                pairs[last], rest = delimiter.join([pairs[last], *rest]), []
            last = key.strip()
            pairs[last] = value
        elif part.strip():
            # The delimiter inside a value, which nothing can escape; before the first key it is no value.
            (rest if last else loose).append(part)
    if rest:
        pairs[last] = delimiter.join([pairs[last], *rest])
    return pairs, delimiter.join(loose)


def _delimited(version: str, rest: str) -> tuple[str, str]:
    """The delimiter and the attributes. Only version 2 names one, and even there some senders leave its field out."""
    if not version.startswith("1"):
        named, bar, attributes = rest.partition("|")
        if bar and (delimiter := _delimiter(named)):
            return delimiter, attributes
    return (_LOST_TAB if _LOST_TAB in rest and _TAB not in rest else _TAB), rest


def _delimiter(named: str) -> str:
    """The character that a field of the header names; empty if it names none."""
    if len(named) == 1:
        return named
    if match := _NUMBERED.fullmatch(named.strip()):
        number = int(match[1], 16)
        return chr(number) if 0 < number < 0xD800 else ""
    return _NAMED.get(named.strip().lower(), "")
