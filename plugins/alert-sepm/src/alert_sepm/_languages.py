"""The languages of servers: their labels and the words that matter, read from the data files beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

__all__ = ["Languages"]

_SPACES = " \"'\t\xa0\u202f"
# A typist's apostrophe for the printer's one.
_APOSTROPHE = str.maketrans("’", "'")


class Languages(NamedTuple):
    """What all languages say, taken together.

    Attributes:
        labels: Label -> key.
        words: Name of a list -> what finds one of its words in a text in lower case.
        sets: Name of a list -> its words.
        english: The labels that an English server writes.
        keys: What labels stand for.
    """

    labels: Mapping[str, str]
    words: Mapping[str, re.Pattern[str]]
    sets: Mapping[str, frozenset[str]]
    english: frozenset[str]
    keys: frozenset[str]

    @staticmethod
    def read(more: Mapping[str, str]) -> Languages:
        """Read the data files.

        Args:
            more: Labels of the configuration, each with the key or the English label that it stands for.
        """
        labels: dict[str, str] = {}
        words: dict[str, set[str]] = {}
        english: frozenset[str] = frozenset()
        for table in _tables():
            said = {label: key for key, written in table["labels"].items() for label in written}
            labels |= {label.translate(_APOSTROPHE): key for label, key in said.items()} | said
            for name, written in table.get("words", {}).items():
                words.setdefault(name, set()).update(written)
            english = frozenset(said)
        labels |= {label.strip(_SPACES): labels.get(meaning, meaning) for label, meaning in more.items()}
        found = {name: re.compile("|".join(map(re.escape, sorted(written)))) for name, written in words.items()}
        sets = {name: frozenset(written) for name, written in words.items()}
        return Languages(labels, found, sets, english, frozenset(labels.values()))

    def key_of(self, label: str) -> str | None:
        """The key that a label stands for, whatever stands around it; `None` if it is none."""
        return self.labels.get(label.strip(_SPACES))

    @property
    def directions(self) -> frozenset[str]:
        """All words for a direction, in lower case."""
        return self.sets["inbound"] | self.sets["outbound"] | self.sets["unknown_direction"]

    def is_foreign(self, label: str) -> bool:
        """Whether this is a label that no English server writes."""
        bare = label.strip(_SPACES)
        return bare in self.labels and bare not in self.english

    def says(self, words: str, text: str) -> bool:
        """Whether a text holds a word of a list."""
        return self.words[words].search(text.lower()) is not None


@cache  # every source has a format of its own, and this takes as long as ten thousand records
def _tables() -> tuple[Mapping[str, Any], ...]:
    """The data files; English last, so that it has the last word where two languages share one."""
    found = sorted(files(__package__).joinpath("languages").iterdir(), key=lambda file: file.name == "en.toml")
    return tuple(tomllib.loads(file.read_text(encoding="utf-8")) for file in found)
