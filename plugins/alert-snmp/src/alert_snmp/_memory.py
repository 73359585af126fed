"""What was there before: repeated messages, and the clocks of the engines that send."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

__all__ = ["WINDOW_SECONDS", "EngineClocks", "Seen"]

WINDOW_SECONDS = 150
"""How far behind a message of SNMPv3 may be (RFC 3414)."""

# Of both; an engine that arrived at the last of its boots needs another id.
_LARGEST = 2**31 - 1
_MAX_SEEN, _MAX_ENGINES = 300_000, 65_536
_SAVE_SECONDS = 10.0


class Seen:
    """Remembers messages for as long as the same one could pass for a new one."""

    def __init__(self) -> None:
        self._times: dict[str, float] = {}

    def add(self, identity: str) -> bool:
        """Whether it is new."""
        now, times = time.monotonic(), self._times
        if identity in times:
            return False
        times[identity] = now
        while times:
            oldest = next(iter(times))
            if now - times[oldest] <= WINDOW_SECONDS and len(times) <= _MAX_SEEN:
                break
            del times[oldest]
        return True


class EngineClocks:
    """Boots and time of every engine that sent something authentic, by which its old messages are told from new ones.

    They are kept over restarts, so that what was recorded before one cannot be played back after it. How long we were away does
    not count then: our own clock may be wrong by any amount after a restart, and would shut every sender out.

    Args:
        path: The file to keep them in.

    Raises:
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clocks: dict[str, tuple[int, int, float]] = {}
        self._changed, self._saved = False, time.monotonic()
        if path.exists():
            now = time.monotonic()
            try:
                self._clocks = {
                    name: (int(boots), int(said), now) for name, (boots, said) in json.loads(path.read_bytes()).items()
                }
            except (ValueError, TypeError, AttributeError):
                # Torn or foreign; what it protected from is rarer than the traps that insisting on it would cost.
                self._clocks = {}

    def timely(self, engine_id: bytes, boots: int, seconds: int) -> bool:
        """Whether an authentic message is not older than it may be (RFC 3414, section 3.2, step 7b)."""
        now, name = time.monotonic(), engine_id.hex()
        known_boots, latest, heard = self._clocks.get(name, (-1, 0, now))
        if not (0 <= boots < _LARGEST and 0 <= seconds <= _LARGEST) or boots < known_boots:
            return False
        if boots > known_boots or seconds > latest:
            # As the newest, so that those which nobody hears of any more are forgotten first.
            self._clocks.pop(name, None)
            self._clocks[name] = (boots, seconds, now)
            self._changed = True
            if len(self._clocks) > _MAX_ENGINES:
                del self._clocks[next(iter(self._clocks))]
            return True
        return seconds >= latest + int(now - heard) - WINDOW_SECONDS

    def save(self, *, at_once: bool = False) -> None:
        """Write down what changed, now and then.

        Raises:
            OSError: It cannot be written.
        """
        if not self._changed or (not at_once and time.monotonic() - self._saved < _SAVE_SECONDS):
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix="engines-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({engine: (boots, latest) for engine, (boots, latest, _) in self._clocks.items()}, file)
        Path(name).replace(self._path)
        self._changed, self._saved = False, time.monotonic()


def _read(raw: bytes, now: float) -> dict[str, tuple[int, int, float]]:
    try:
        return {engine: (int(boots), int(latest), now) for engine, (boots, latest) in json.loads(raw).items()}
    except (ValueError, TypeError, AttributeError):
        # Torn or foreign: whoever could play something back now is rarer than the traps that insisting on it would cost.
        return {}
