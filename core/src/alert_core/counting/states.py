"""What the counting evaluators remember of one key."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from alert_core.generations import NEVER, Generations, moved

__all__ = ["CountState", "Damped", "DistinctState", "SharedState"]


class Damped:
    """What every counting state has: how far time is, and the damper."""

    __slots__ = ("late", "newest", "suppressed", "until", "wake")

    def __init__(self) -> None:
        self.newest = self.until = self.wake = NEVER
        self.suppressed = self.late = 0

    def admit(self, time: datetime, count: int, window: timedelta) -> bool:
        """Take note of an event; answer whether it may enter the window."""
        # Nothing at or before `wake` can still be in a window when the damper has ended.
        if time <= self.wake:
            self.suppressed += count
            return False
        inside = time >= self.newest or self.newest - time < window
        if time < self.until:
            self.suppressed += count
        elif not inside:
            self.late += count
        self.newest = max(self.newest, time)
        return inside

    def fired(self, window: timedelta, damper: timedelta) -> int:
        """Start the damper; answer how many were suppressed by the one before."""
        suppressed, self.suppressed = self.suppressed, 0
        if damper:
            self.until = moved(self.newest, damper)
            self.wake = moved(self.until, -window)
        return suppressed


class CountState(Damped):
    """Times of the newest unused events, oldest first; at least as many as the condition counts, if there are."""

    __slots__ = ("times",)

    def __init__(self, times: list[datetime] | None = None) -> None:
        super().__init__()
        self.times = times or []
        if self.times:
            self.newest = self.times[-1]

    def packable(self) -> bool:
        """Whether it is nothing but its times."""
        return bool(self.times) and self.until == NEVER and not self.late and self.newest == self.times[-1]


class DistinctState(Damped):
    """The computers seen last, with the time of each, least recent first."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        super().__init__()
        self.seen: OrderedDict[str, datetime] = OrderedDict()


class SharedState(Damped):
    """One damper for all computers, each with its own window."""

    __slots__ = ("computers",)

    def __init__(self, computers: Generations) -> None:
        super().__init__()
        self.computers = computers
