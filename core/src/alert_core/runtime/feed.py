"""Where the threads of the sources meet the one thread that decides."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime

from alert_core.components import Batch, Cursor
from alert_core.model import UNKNOWN_TIME

__all__ = ["Feed", "Inlet"]

_DEPTH = 8
# A source that is ahead goes on when there is room for several batches; for each alone, two threads would have to switch.
_LOW = 2


class Inlet:
    """What one source pushes into. It holds a few batches at most; a source that is ahead waits here.

    Attributes:
        name: The source.
        cursors: Where each part of the source reads on.
        cursor: The same for a source without parts.
        progress: The time its decided records have reached; kept up to date by who takes the batches.
    """

    def __init__(self, name: str, cursors: Mapping[str, Cursor], changed: threading.Condition) -> None:
        self.name, self.cursors = name, dict(cursors)
        self.cursor = self.cursors.get("")
        self.progress = UNKNOWN_TIME
        self.ended = False
        self.error: Exception | None = None
        self.waiting: deque[Batch] = deque()
        self._changed = changed
        self._closed = False

    def __call__(self, batch: Batch) -> None:
        with self._changed:
            while len(self.waiting) >= _DEPTH and not self._closed:
                self._changed.wait()
            if not self._closed:
                self.waiting.append(batch)
                self.cursors[batch.end.part] = batch.end
                if batch.ended:
                    del self.cursors[batch.end.part]
                self.cursor = self.cursors.get("")
                self._changed.notify_all()

    def end(self, error: Exception | None = None) -> None:
        """The source has nothing more to give."""
        with self._changed:
            self.ended, self.error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody takes any more; what is pushed from now on is dropped, to be read again from the cursor."""
        with self._changed:
            self._closed = True
            self.waiting.clear()
            self._changed.notify_all()


class Feed:
    """The inlets of all sources.

    Args:
        ordered: Whether to wait for the source that is furthest behind even when others have something. With recorded input
            this makes the order of batches, and so every decision, independent of how fast threads run. With live sources
            nobody could wait for one that is silent; then the furthest behind of those that have something comes first.
    """

    def __init__(self, *, ordered: bool) -> None:
        self.inlets: dict[str, Inlet] = {}
        self._changed = threading.Condition()
        self._ordered = ordered
        self._woken = False

    def add(self, name: str, cursors: Mapping[str, Cursor] | None, progress: datetime = UNKNOWN_TIME) -> Inlet:
        """A new inlet for a source."""
        inlet = Inlet(name, cursors or {}, self._changed)
        inlet.progress = progress
        with self._changed:
            self.inlets[name] = inlet
        return inlet

    def remove(self, name: str) -> None:
        """Take nothing more from a source."""
        with self._changed:
            inlet = self.inlets.pop(name)
        inlet.close()

    def wake(self) -> None:
        """Make `take` return."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def take(self, timeout: float | None) -> tuple[Inlet, Batch] | None:
        """The next batch; `None` after `timeout` seconds, when woken, or when every source has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self.exhausted or self._next() is not None, timeout)
            self._woken = False
            inlet = self._next()
            if inlet is None:
                return None
            batch = inlet.waiting.popleft()
            if len(inlet.waiting) == _LOW:
                self._changed.notify_all()
            return inlet, batch

    @property
    def exhausted(self) -> bool:
        """Whether every source has ended and everything was taken."""
        return all(inlet.ended and not inlet.waiting for inlet in self.inlets.values())

    @property
    def waiting(self) -> bool:
        """Whether some source has something that was not taken yet."""
        return any(inlet.waiting for inlet in self.inlets.values())

    def _next(self) -> Inlet | None:
        candidates = [inlet for inlet in self.inlets.values() if inlet.waiting or (self._ordered and not inlet.ended)]
        behind = min(candidates, key=lambda inlet: (inlet.progress, inlet.name), default=None)
        return behind if behind is not None and behind.waiting else None
