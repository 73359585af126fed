"""What is measured: one case in one process, and what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Self

from benchmarks.conditions import Kind


@dataclass(frozen=True)
class Case:
    """One contestant with its work.

    Attributes:
        contestant: A key of `benchmarks.child.CONTESTANTS`.
        conditions: How many.
        events: How many of the stream's first events.
        kind: Which set of conditions.
    """

    contestant: str
    conditions: int
    events: int
    kind: Kind = "realistic"


@dataclass(frozen=True)
class Measure:
    """What one process needed.

    Attributes:
        events: How many it worked on.
        seconds: CPU time, user and system, without start-up.
        facts: Whatever else is worth knowing, such as the number of firings.
    """

    events: int
    seconds: float
    facts: dict[str, float] = field(default_factory=dict)

    @property
    def per_event(self) -> float:
        """Microseconds of CPU time for one event."""
        return self.seconds / self.events * 1e6

    def to_json(self) -> str:
        """As the child process prints it."""
        return json.dumps({"events": self.events, "seconds": self.seconds, "facts": self.facts})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """As the parent process reads it."""
        values: dict[str, Any] = json.loads(text)
        return cls(**values)
