"""Records in, notifications out: the engine with everything it needs around it, but without threads, clocks and files.

`alert run`, its recovery after a crash and `alert replay` all decide with this class, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from alert_core.components import Batch, Context
from alert_core.config.values import Config
from alert_core.engine import Engine
from alert_core.generations import in_utc
from alert_core.model import UNKNOWN_TIME, Event, Firing, Notification
from alert_core.runtime.intake import Intake
from alert_core.runtime.wording import Wording

__all__ = ["Decider"]

_FUTURE = timedelta(minutes=5)
_END = datetime.max.replace(tzinfo=UTC)


class _Saved(msgspec.Struct, array_like=True):
    version: int
    engine: dict[str, dict[str, bytes]]
    last: dict[str, datetime]


class Decider:
    """Decides about the batches of the configured sources.

    Args:
        config: Conditions and sources.
        only: Names of the conditions to decide about; `None` for all of them.
    """

    def __init__(self, config: Config, *, only: Collection[str] | None = None) -> None:
        conditions = [condition for name, condition in config.conditions.items() if only is None or name in only]
        self.engine = Engine(conditions)
        self._wording = {condition.name: Wording(condition) for condition in conditions}
        self._intakes = {
            name: Intake(
                name,
                source.format.cls(source.format.settings, Context(name=name, formats=source.format.formats)),
                self.engine.projection,
            )
            for name, source in config.sources.items()
        }
        self._since = {name: source.since for name, source in config.sources.items()}
        self._last: dict[str, datetime] = {}

    def decide(self, source: str, batch: Batch, *, received: datetime | None = None) -> list[Notification]:
        """Take a batch in.

        Args:
            source: Name of the source.
            batch: What it read.
            received: When it arrived, if it is about the present: an event much later than that has a wrong clock. `None` for
                recorded events, so that a replay does not depend on a clock.
        """
        items, event_at = self._intakes[source].take(batch)
        if (since := self._since[source]) is not None:
            items, event_at = _later(since, items, event_at)
        horizon = _END if received is None else received + _FUTURE
        return self._worded(self.engine.process(items, event_at, horizon=horizon))

    def advance(self, now: datetime) -> list[Notification]:
        """Let time pass, for conditions about absence and age."""
        return self._worded(self.engine.advance(now))

    def _worded(self, firings: list[Firing]) -> list[Notification]:
        return [self._wording[firing.condition].notification(firing) for firing in firings]

    def progress(self, source: str) -> datetime:
        """The time of the last record that a source gave."""
        return self._intakes[source].last

    def snapshot(self) -> bytes:
        """Everything that future decisions depend on."""
        last = self._last | {name: in_utc(intake.last) for name, intake in self._intakes.items() if intake.last != UNKNOWN_TIME}
        return msgspec.msgpack.encode(_Saved(1, self.engine.snapshot(), last))

    def restore(self, snapshot: bytes) -> list[str]:
        """Take a snapshot back; answers the names of conditions that it does not know.

        Raises:
            msgspec.MsgspecError: It is damaged, or written by a newer version.
        """
        saved = msgspec.msgpack.decode(snapshot, type=_Saved)
        self._last = saved.last
        for name, intake in self._intakes.items():
            intake.last = saved.last.get(name, UNKNOWN_TIME)
        return self.engine.restore(saved.engine)


def _later(
    since: datetime, items: Sequence[Any], event_at: Callable[[int], Event]
) -> tuple[Sequence[Any], Callable[[int], Event]]:
    """Without what is older. A record that does not say its time goes with the one before it."""
    kept = [index for index, item in enumerate(items) if item.time >= since]
    return [items[index] for index in kept], lambda index: event_at(kept[index])
