"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

__all__ = ["Backoff"]


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Exponential backoff, capped, with full jitter: many deliveries that failed together do not come back together.

    Attributes:
        first_seconds: The longest wait after the first attempt; it doubles with every further one.
        cap_seconds: The longest wait of all.
        random: Where chance comes from.
    """

    first_seconds: float = 2.0
    cap_seconds: float = 600.0
    random: Random = field(default_factory=Random)

    def seconds(self, attempt: int, retry_after: float | None = None) -> float:
        """How long to wait after attempt number `attempt`; at least `retry_after`, if the receiver asked for that."""
        longest = min(self.cap_seconds, self.first_seconds * 2.0 ** min(attempt - 1, 30))
        wait = self.random.uniform(0, longest)
        # A comparison that not-a-number fails: the receiver may have said anything.
        return retry_after if retry_after is not None and retry_after > wait else wait
