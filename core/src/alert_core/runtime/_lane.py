"""Everything the dispatcher knows about one action. Used by the dispatcher's thread only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from queue import Empty

from alert_core.config.values import ActionConfig
from alert_core.runtime._attempt import Ended
from alert_core.runtime._worker import Hung, Inbox, Worker
from alert_core.store import Due

__all__ = ["MOST_HELD", "MOST_HUNG", "Lane", "LaneStatus"]

logger = logging.getLogger(__name__)

MOST_HELD = 256
"""How many deliveries of an action are in memory at a time; the rest waits in the store."""
MOST_HUNG = 4
"""How many hung workers an action leaves behind before it pauses, or its `concurrency` if that is more; each costs a thread."""


@dataclass(frozen=True)
class LaneStatus:
    """How an action is doing.

    Attributes:
        action: Its name.
        held: Deliveries that are being made or are next.
        hung: Workers that never came back.
        paused: Whether it waits for one of them.
        failing: Whether the last attempt failed.
    """

    action: str
    held: int
    hung: int
    paused: bool
    failing: bool


class Lane:
    """One action: its workers, and the deliveries that they have or will have next.

    Args:
        config: The action's table in the configuration.
        make_worker: Starts a worker on this lane.
    """

    def __init__(self, config: ActionConfig, make_worker: Callable[[Lane], Worker]) -> None:
        self.config = config
        self.held: dict[str, Due] = {}
        self.inbox: Inbox = Inbox()
        self.more = True
        self.next_due: datetime | None = None
        self.paused = self.failing = self._retired = False
        self._make_worker = make_worker
        self._workers: list[Worker] = []
        self._hung: set[Worker] = set()

    @property
    def name(self) -> str:
        """The action's name."""
        return self.config.name

    @property
    def status(self) -> LaneStatus:
        """How it is doing."""
        return LaneStatus(self.name, len(self.held), len(self._hung), self.paused, self.failing)

    @property
    def _most_hung(self) -> int:
        return max(MOST_HUNG, self.config.concurrency)

    @property
    def busy(self) -> bool:
        """Whether a worker is in the middle of something."""
        return any(worker.busy for worker in self._workers)

    @property
    def workers(self) -> list[Worker]:
        """The workers that are not given up."""
        return list(self._workers)

    def due(self, now: datetime) -> bool:
        """Whether the store may hold something to deliver now."""
        return self.more or (self.next_due is not None and self.next_due <= now)

    @property
    def open(self) -> bool:
        """Whether it can take more."""
        return not self.paused and len(self.held) <= MOST_HELD // 2

    def quiet(self, now: datetime) -> bool:
        """Whether nothing is due and nothing is being done; a paused lane is as quiet as it can be."""
        return not self.held and not self.busy and (self.paused or not self.due(now))

    def take(self, due: Iterable[Due]) -> None:
        """Have deliveries made."""
        for one in due:
            self.held[one.id] = one
            self.inbox.put(one)
        self._staff()

    def settled(self, ended: Ended) -> None:
        """An attempt is over and on disk."""
        self.held.pop(ended.due.id, None)

    def give_up_late_workers(self) -> list[Hung]:
        """Replace the workers that hang; returns what they did not finish."""
        found = [(worker, hung) for worker in self._workers if (hung := worker.abandon_if_late())]
        for worker, _ in found:
            self._workers.remove(worker)
            self._hung.add(worker)
        if found and len(self._hung) >= self._most_hung:
            self._pause()
        elif found:
            self._staff()
        return [hung for _, hung in found]

    def returned(self, worker: Worker) -> None:
        """A worker that had been given up has ended after all."""
        self._hung.discard(worker)
        if self.paused and len(self._hung) < self._most_hung:
            logger.warning("action %s: a hung worker came back; going on", self.name)
            self.paused, self.more = False, True

    def seconds_to_deadline(self, now: float) -> float | None:
        """When to look after the workers again; `None` when there is no need."""
        if not self.held and not self.busy:
            return None
        # A worker may begin while nobody looks, so half a timeout is the longest nap.
        waits = [worker.deadline - now for worker in self._workers if worker.deadline is not None]
        return min([*waits, self.config.timeout_seconds / 2])

    def drop_waiting(self) -> None:
        """Forget what no worker has begun; it stays in the store."""
        try:
            while (due := self.inbox.get_nowait()) is not None:
                self.held.pop(due.id, None)
        except Empty:
            pass

    def retire(self) -> None:
        """Let every worker end after what it is doing."""
        self._retired, self.more, self.next_due = True, False, None
        self.drop_waiting()
        for _ in self._workers:
            self.inbox.put(None)

    def _pause(self) -> None:
        self.paused = True
        self.drop_waiting()
        logger.error(
            "action %s: %d workers hang; pausing until one comes back, deliveries wait in the outbox",
            self.name,
            len(self._hung),
        )

    def _staff(self) -> None:
        # Fewer while some hang, so that not many more than the limit can ever do.
        allowed = 0 if self._retired else max(1, min(self.config.concurrency, self._most_hung - len(self._hung)))
        wanted = min(allowed, len(self.held))
        while len(self._workers) < wanted:
            self._workers.append(self._make_worker(self))
