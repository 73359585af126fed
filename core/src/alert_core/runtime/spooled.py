"""Makes a source that cannot be rewound one that can: its records go through a spool on disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from alert_core.components import Batch, Cursor, EventSource, Push
from alert_core.runtime.spool import Spool

__all__ = ["Spooled"]

logger = logging.getLogger(__name__)

BACKLOG_BYTES = 256 * 1024 * 1024
"""How far a source may be ahead of the rest of the system before it has to wait."""

_LOOK_AT_STOP_SECONDS = 0.05


class Spooled:
    """A source that can be rewound, made of one that cannot and a spool.

    The source fills the spool in a thread of its own; what is in the spool is handed on from there. So a sender has its answer
    as soon as its record is on disk, and what was kept but not handed on before a crash comes first after it.

    Args:
        source: The source that cannot be rewound; its `push.cursor` is the end of the spool, which moves with every push, and
            only then. So a source can tell after a crash whether its last push had an effect.
        spool: Where its records are kept.
        backlog_bytes: How far the source may be ahead before it has to wait.
        receiving: Whether the source runs; else only what the spool has is handed on.

    Attributes:
        rewindable: Always true.
        live: As the source says.
    """

    rewindable = True

    def __init__(
        self, source: EventSource[Any], spool: Spool, *, backlog_bytes: int = BACKLOG_BYTES, receiving: bool = True
    ) -> None:
        self.source = source
        self.live = source.live
        self._spool = spool
        self._backlog_bytes, self._receiving = backlog_bytes, receiving

    def run(self, push: Push, stop: threading.Event) -> None:
        """Hand on what the spool has from `push.cursor` on, and what the source adds to it.

        Raises:
            SourceError: The source cannot go on; what it had given before has been handed on.
        """
        place = self._place(push.cursor)
        if not self._receiving:
            for batch in self._spool.read(place, self._spool.end):
                push(batch)
            return
        self.source.recall(self._spool.latest())
        inlet = _Inlet(self.source, self._spool, self._backlog_bytes, self._spool.bytes_after(place))
        inlet.start()
        try:
            while not stop.is_set():
                ended = not inlet.is_alive()  # Asked before reading, so that what came last is still read.
                end = self._spool.end
                for batch in self._spool.read(place, end):
                    push(batch)
                    place = batch.end
                    inlet.handed_on(batch)
                    if stop.is_set():
                        return
                if ended:
                    inlet.check()
                    return
                inlet.wait(end)
        finally:
            inlet.stop()

    def _place(self, cursor: Cursor | None) -> Cursor:
        if cursor is None:
            return self._spool.begin
        if not self._spool.has(cursor):
            logger.warning("the spool of source %s was replaced; what it had kept is lost", self.source.context.name)
            return self._spool.begin
        return cursor

    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        """Give the records from `start` up to `end` once more.

        Raises:
            SourceError: They are gone.
        """
        return self._spool.read(start, end)

    def forget(self, before: Cursor) -> None:
        """Nothing before this cursor will be asked for again."""
        self._spool.forget(before)

    def close(self) -> None:
        """Give up the spool; called once, after the last run has ended."""
        self._spool.close()


class _Inlet(threading.Thread):
    """Runs the source and puts what it pushes into the spool."""

    cursors: Mapping[str, Cursor] = MappingProxyType({})

    def __init__(self, source: EventSource[Any], spool: Spool, limit: int, backlog: int) -> None:
        super().__init__(name=f"source-{source.context.name}", daemon=True)
        self.cursor: Cursor | None = spool.end
        self._source, self._spool = source, spool
        self._limit, self._backlog = limit, backlog
        self._stop_source = threading.Event()
        self._changed = threading.Condition()
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._source.run(self, self._stop_source)
        except BaseException as error:  # noqa: BLE001  # `check` raises it in the thread that answers for the source.
            self._error = error
        with self._changed:
            self._changed.notify_all()

    def __call__(self, batch: Batch) -> None:
        """Keep a batch; the `push` of the source."""
        with self._changed:
            while self._backlog > self._limit and not self._stop_source.is_set():
                self._changed.wait(_LOOK_AT_STOP_SECONDS)
        kept = self._spool.append(batch.records, senders=batch.senders, lost=batch.lost)
        self.cursor = kept.end
        with self._changed:
            self._backlog += kept.end.position - kept.start.position
            self._changed.notify_all()

    def handed_on(self, batch: Batch) -> None:
        """Make room for what the source may be ahead."""
        with self._changed:
            self._backlog -= batch.end.position - batch.start.position
            self._changed.notify_all()

    def wait(self, seen: Cursor) -> None:
        """Wait until the spool has more than was seen, but not for long."""
        with self._changed:
            if self._spool.end == seen and self.is_alive():
                self._changed.wait(_LOOK_AT_STOP_SECONDS)

    def check(self) -> None:
        """Raise what the source raised."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the source and wait for it."""
        self._stop_source.set()
        self.join()
