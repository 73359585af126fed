"""What was decided, on its way to the disk: group commit, snapshots, and the way back after a crash."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from alert_core.components import Batch
from alert_core.config.values import Config
from alert_core.errors import SourceError, StoreError
from alert_core.model import Notification
from alert_core.runtime.decider import Decider
from alert_core.runtime.sources import Sources
from alert_core.store import BatchRecord, Commit, NewDelivery, Recovery, Store

__all__ = ["Journal", "recover"]

_log = logging.getLogger(__name__)

# A snapshot may cost this part of the time; one that takes long is taken less often.
_SNAPSHOT_SHARE = 0.05

LIVE, RECORDED, ADVANCE = "live", "batch", "advance"


class Journal:
    """Collects what was decided and commits it.

    Batches are committed together every few milliseconds, and at once when something fired and no more input waits. What is
    lost by a crash in between was not told to anyone and is decided again, from the same input, with the same ids.

    Args:
        store: Where it goes.
        number: The last batch that is in the store.
        snapshot_seconds: How often to take a snapshot.
        commit_seconds: How long batches wait for others to be committed with.
    """

    def __init__(self, store: Store, number: int, *, snapshot_seconds: float, commit_seconds: float = 0.02) -> None:
        self._store, self._snapshot_seconds, self._commit_seconds = store, snapshot_seconds, commit_seconds
        self._number = self._saved = number
        self._batches: list[BatchRecord] = []
        self._notifications: list[Notification] = []
        self._deliveries: list[NewDelivery] = []
        self._oldest = 0.0
        self._next_snapshot = time.monotonic() + snapshot_seconds

    def add(self, source: str, batch: Batch | None, received: datetime, kind: str) -> None:
        """Note that a batch was decided, or that time was advanced (no batch)."""
        if not self._batches:
            self._oldest = time.monotonic()
        self._number += 1
        start, end = (batch.start, batch.end) if batch else (None, None)
        ended = batch is not None and batch.ended
        self._batches.append(BatchRecord(self._number, source, start, end, received, kind, ended))

    def add_notifications(self, notifications: Sequence[Notification], actions: Mapping[str, Sequence[str]]) -> None:
        """Note what fired, and whom to tell: condition -> actions."""
        self._notifications += notifications
        self._deliveries += [NewDelivery(it.id, action) for it in notifications for action in actions[it.condition]]

    def seconds_left(self, *, behind: bool) -> float | None:
        """When a commit is due, from now; `None` when there is nothing to commit.

        Args:
            behind: Whether more input is waiting; then even what fired can wait the few milliseconds.
        """
        if self._notifications and not behind:
            return 0.0
        return max(0.0, self._oldest + self._commit_seconds - time.monotonic()) if self._batches else None

    def commit(self) -> tuple[list[Notification], list[str]]:
        """Write everything down. Answers the notifications written, and the actions that have something to do."""
        if not self._batches:
            return [], []
        self._store.write(Commit(self._batches, self._notifications, self._deliveries))
        notifications, actions = self._notifications, list({delivery.action: None for delivery in self._deliveries})
        self._batches, self._notifications, self._deliveries = [], [], []
        return notifications, actions

    @property
    def snapshot_due(self) -> bool:
        """Whether it is time for a snapshot."""
        return self._number > self._saved and time.monotonic() >= self._next_snapshot

    def save(self, snapshot: Callable[[], bytes]) -> None:
        """Write the engine's state down with the number of the last batch in it, which has to be committed."""
        assert not self._batches, "a snapshot must not be ahead of the batches"
        started = time.monotonic()
        self._store.save_snapshot(self._number, snapshot())
        ended = time.monotonic()
        self._saved = self._number
        self._next_snapshot = ended + max(self._snapshot_seconds, (ended - started) / _SNAPSHOT_SHARE)


def recover(config: Config, store: Store, sources: Sources) -> tuple[Decider, int]:
    """A decider in exactly the state in which the last run ended, however it ended, and the number of its last batch.

    The batches since the last snapshot are read again in their order. What they fire is in the store already: a batch and its
    notifications are committed together. A condition that is new or changed begins now, with nothing.
    """
    recovery, decider, unknown = _restored(config, store)
    if recovery.batches and unknown:
        # The past is decided by those who were there.
        past = Decider(config, only=config.conditions.keys() - set(unknown))
        past.restore(recovery.snapshot or b"")
        _read_again(past, recovery.batches, sources)
        decider.restore(past.snapshot())
    else:
        _read_again(decider, recovery.batches, sources)
    return decider, store.last_number()


def _restored(config: Config, store: Store) -> tuple[Recovery, Decider, list[str]]:
    """The newest snapshot that can be read, what came after it, a decider with it, and the conditions that it does not know."""
    recovery = store.recover()
    while recovery.snapshot is not None:
        decider = Decider(config)
        try:
            return recovery, decider, decider.restore(recovery.snapshot)
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            _log.error("snapshot %d cannot be read (%s); using an older one", recovery.number, error)
            recovery = store.recover(before=recovery.number)
    if recovery.batches and recovery.batches[0].number > 1:
        raise StoreError("no snapshot in the store can be read; move the store's folder away to begin with empty windows")
    return recovery, Decider(config), []


def _read_again(decider: Decider, batches: Sequence[BatchRecord], sources: Sources) -> None:
    for record in batches:
        if record.kind == ADVANCE:
            decider.advance(record.received)
            continue
        assert record.start is not None
        assert record.end is not None
        try:
            for batch in sources.read(record.source, record.start, record.end):
                decider.decide(record.source, batch, received=record.received if record.kind == LIVE else None)
        except SourceError as error:
            _log.warning("recovery: source %s: %s", record.source, error)
