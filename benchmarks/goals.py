"""What is aimed for, as ratios of CPU time within one run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.case import Case
from benchmarks.conditions import Kind

FEW_EVENTS = {1: 200_000, 10: 100_000, 100: 100_000, 1000: 20_000, 10_000: 5_000}
"""How many events the peers get; more would take them too long."""


@dataclass(frozen=True)
class Goal:
    """A bound on the time of one case as a multiple of another's.

    Attributes:
        reference: Contestant and number of conditions of the other one.
        bound: The multiple.
        at_least: Whether it is a lower bound; of a peer we want to be that much faster.
    """

    reference: tuple[str, int]
    bound: float
    at_least: bool = False

    def reached(self, ratio: float) -> bool:
        """Whether a measured ratio satisfies it."""
        return ratio >= self.bound if self.at_least else ratio <= self.bound

    def __str__(self) -> str:
        contestant, conditions = self.reference
        of = f"{contestant} K={conditions}" if contestant == "engine" else contestant
        return f"{'>=' if self.at_least else '<='} {self.bound:g} x {of}"


_DECODE = {1: 0.95, 10: 1.3, 100: 2.6, 1000: 3.2, 10_000: 6.0}
_SEC = {1: 5.0, 10: 12.0, 100: 15.0}

_GOALS: dict[tuple[str, Kind, int], Goal] = {
    ("engine", "cold", 10_000): Goal(("engine", 100), 1.2),
    ("run", "realistic", 100): Goal(("engine", 100), 1.3),
    ("elastalert", "realistic", 100): Goal(("engine", 100), 12.0, at_least=True),
    **{("engine", "realistic", size): Goal(("decode", size), bound) for size, bound in _DECODE.items()},
    **{("sec", "realistic", size): Goal(("engine", size), bound, at_least=True) for size, bound in _SEC.items()},
}


def goal_of(case: Case) -> Goal | None:
    """The goal for a case, if there is one."""
    return _GOALS.get((case.contestant, case.kind, case.conditions))
