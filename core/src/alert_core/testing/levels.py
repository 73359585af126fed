"""How good a plugin is, and why not better.

- **bronze**: it can be installed, configured and loaded: shape, entry point, settings, form, secrets, light import.
- **silver**: it does what it says: receipts, errors in time, the Test button, nothing left behind, no secret in any text.
- **gold**: it does so on a bad day: faults of the network, hostile text, restarts.

A level is reached when every test of it and of those below passes. A skipped test keeps its level from being reached, as a
failed one does, unless its author says that it does not apply: see `lacks` and `spare`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NoReturn, TypeVar

__all__ = ["LEVELS", "Check", "Level", "Outcome", "Report", "gold", "lacks", "level_in", "silver", "spare"]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])

Outcome = Literal["passed", "failed", "lacking", "spared"]
"""`lacking`: it could not be tried; `spared`: its author says that it does not apply. Only `passed` and `spared` count."""

_MARK = "conformance_level"
_SPARED = "does not apply: "


class Level(StrEnum):
    """The quality levels, from least to most."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


LEVELS = tuple(Level)
"""In order."""


def silver(test: CallableT) -> CallableT:
    """Mark a test of the kit as one that silver needs. Those without a mark are needed for bronze."""
    setattr(test, _MARK, Level.SILVER)
    return test


def gold(test: CallableT) -> CallableT:
    """Mark a test of the kit as one that gold needs."""
    setattr(test, _MARK, Level.GOLD)
    return test


def level_in(cls: type[object], name: str) -> Level:
    """The level that a test of a class is needed for; replacing a test does not change it."""
    marks = (getattr(base.__dict__.get(name), _MARK, None) for base in cls.__mro__)
    return next((mark for mark in marks if mark is not None), Level.BRONZE)


def lacks(what: str) -> NoReturn:
    """End a test that cannot be run because its author did not say how; what is missing is told as the reason."""
    _skip(what)


def spare(reason: str) -> NoReturn:
    """End a test that does not apply, by its author's word."""
    _skip(_SPARED + reason)


def _skip(reason: str) -> NoReturn:
    # Imported here because levels are also talked about where pytest is not installed.
    import pytest

    pytest.skip(reason)


@dataclass(frozen=True, kw_only=True)
class Check:
    """What became of one test.

    Attributes:
        test: Its name.
        level: What it is needed for.
        outcome: See `Outcome`.
        reason: Why it did not pass, as one line.
        replaced: Whether the author replaced the kit's test.
    """

    test: str
    level: Level
    outcome: Outcome
    reason: str = ""
    replaced: bool = False

    @staticmethod
    def skipped(reason: str) -> tuple[Outcome, str]:
        """The outcome that a skipped test stands for, and the reason without its marker."""
        spared = reason.startswith(_SPARED)
        return ("spared" if spared else "lacking"), reason.removeprefix(_SPARED)

    @property
    def counts(self) -> bool:
        """Whether it lets its level be reached."""
        return self.outcome in ("passed", "spared")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the kit found out about one component.

    Attributes:
        kind: `action`, `condition`, `source` or `format`.
        name: Its type name.
        checks: Every test that was run, in order.
        missing: Why the tests of what it does could not be run at all; such a component is bronze at most.
    """

    kind: str
    name: str
    checks: Sequence[Check]
    missing: str = ""

    @property
    def level(self) -> Level | None:
        """The highest level of which nothing is missing, nor of those below it; `None` when even bronze is not reached."""
        reached = None
        for level in LEVELS[:1] if self.missing else LEVELS:
            if not self.checks or any(check.level is level and not check.counts for check in self.checks):
                break
            reached = level
        return reached

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the level is not a higher one; empty for gold."""
        found = (f"{check.level} needs {_sentence(check.test)}: {check.reason}" for check in self.checks if not check.counts)
        none = () if self.checks or self.missing else ("its tests were not run",)
        return (*none, *((self.missing,) if self.missing else ()), *found)

    def as_dict(self) -> Mapping[str, Any]:
        """Everything, for programs."""
        checks = [
            {"test": it.test, "level": it.level, "outcome": it.outcome, "reason": it.reason, "replaced": it.replaced}
            for it in self.checks
        ]
        return {"kind": self.kind, "name": self.name, "level": self.level, "reasons": list(self.reasons), "checks": checks}


def _sentence(test: str) -> str:
    """The name of a test as the words it is made of."""
    return f"“{test.removeprefix('test_').replace('_', ' ')}”"
