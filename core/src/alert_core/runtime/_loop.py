"""What the dispatcher's own thread does. Everything here but `post` and `status` runs in that thread only."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue

from alert_core.config.values import Config
from alert_core.errors import StoreError
from alert_core.model import DeliveryState
from alert_core.runtime._announce import Announcer
from alert_core.runtime._attempt import Ended, Hooks, Policy, Sender
from alert_core.runtime._backoff import Backoff
from alert_core.runtime._lane import MOST_HELD, Lane, LaneStatus
from alert_core.runtime._redact import WatchedContext
from alert_core.runtime._worker import Worker
from alert_core.store import AttemptRecord, Commit, Store

__all__ = ["GONE", "Loop"]

logger = logging.getLogger(__name__)

GONE = "action is no longer configured"
POLL_SECONDS = 2.0
"""How often the outbox is looked at unasked: another process may have put something back."""
_DRAIN_POLL_SECONDS = 0.01
_STORE_RETRY_SECONDS = 1.0


class Loop:
    """The lanes, the mailbox, and the round that the dispatcher's thread makes: receive, write, load, wait.

    Args:
        store: Where the outbox is.
        plugins: Asked before, and told after attempts.
        config: Which actions there are.
        clock: The present.
        backoff: How long to wait between attempts.
    """

    def __init__(
        self, store: Store, plugins: Hooks, config: Config, *, clock: Callable[[], datetime], backoff: Backoff
    ) -> None:
        self._store, self._plugins, self._config = store, plugins, config
        self._clock, self._backoff = clock, backoff
        self._mailbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lanes = {name: Lane(action, self._worker) for name, action in config.actions.items()}
        self._retired: list[Lane] = []
        self._ended: list[tuple[Lane, Ended]] = []
        self._news: list[Commit] = []
        self._faults: list[tuple[str, str, str, str]] = []
        self._announcer = Announcer()
        self._drains: list[Future[bool]] = []
        self._next_poll = 0.0
        self._stop_at: float | None = None

    def post(self, call: Callable[[], None]) -> None:
        """Have something called in the dispatcher's thread; returns at once."""
        self._mailbox.put(call)

    def status(self) -> list[LaneStatus]:
        """How each action is doing."""
        return [lane.status for lane in self._lanes.values()]

    def run(self) -> None:
        """Go round until stopped."""
        while True:
            # The store may be out of order for a while (disk full, locked): nothing is lost, because nothing is forgotten
            # before it is written. Anything else is a bug here, and even then deliveries go on.
            try:
                self._receive(self._seconds_to_wait())
                self._step()
            except StoreError as error:
                logger.error("dispatcher: %s; trying again", error)
                time.sleep(_STORE_RETRY_SECONDS)
            except Exception:
                logger.exception("dispatcher: unexpected error; going on")
                time.sleep(_STORE_RETRY_SECONDS)
            if self._stop_at is not None and (self._idle() or time.monotonic() >= self._stop_at):
                return

    def look(self, actions: Collection[str] | None = None) -> None:
        """Look into the outbox for these actions, or for all."""
        for name in self._lanes if actions is None else actions:
            if name in self._lanes:
                self._lanes[name].more = True

    def await_quiet(self, done: Future[bool]) -> None:
        """Answer when nothing is due and nothing is being done."""
        self._drains.append(done)
        self.look()

    def apply(self, config: Config, done: Future[None]) -> None:
        """Go on with another configuration."""
        moved = (config.store, config.program_folder) != (self._config.store, self._config.program_folder)
        kept = {name: lane for name, lane in self._lanes.items() if lane.config == config.actions.get(name) and not moved}
        for name, lane in self._lanes.items():
            if name not in kept:
                lane.retire()
                self._retired.append(lane)
        self._config = config
        self._lanes = {name: kept.get(name) or Lane(action, self._worker) for name, action in config.actions.items()}
        done.set_result(None)

    def stop(self, end: float, done: Future[list[Worker]]) -> None:
        """End after what is under way, at the latest at `end`; answers with the workers that end now."""
        self._stop_at = end
        lanes = self._all_lanes()
        for lane in self._lanes.values():
            lane.retire()
        done.set_result([worker for lane in lanes for worker in lane.workers])

    def _all_lanes(self) -> list[Lane]:
        return [*self._lanes.values(), *self._retired]

    def _receive(self, timeout: float) -> None:
        """Wait for a call, then make every call that is there."""
        with suppress(Empty):
            self._mailbox.get(timeout=timeout)()
            while True:
                self._mailbox.get_nowait()()

    def _step(self) -> None:
        self._give_up_late_workers()
        self._write_ended()
        self._write_faults()
        self._forget_retired()
        if self._stop_at is None:
            self._fill()
            self._answer_drains()

    def _seconds_to_wait(self) -> float:
        now, clock = time.monotonic(), self._clock()
        waits = [self._next_poll - now]
        if self._drains or self._stop_at is not None:
            waits.append(_DRAIN_POLL_SECONDS)
        for lane in self._all_lanes():
            if (deadline := lane.seconds_to_deadline(now)) is not None:
                waits.append(deadline)
            if lane.open and lane.next_due is not None:
                waits.append((lane.next_due - clock).total_seconds())
        return max(0.0, min(waits))

    def _give_up_late_workers(self) -> None:
        for lane in self._all_lanes():
            was_paused = lane.paused
            for hung in lane.give_up_late_workers():
                logger.error("action %s: a worker hangs and is replaced", lane.name)
                if hung.ended:
                    self._attempt_ended(lane, hung.ended)
                else:
                    self._fault(lane, "hung", f"a hook did not return within {lane.config.timeout_seconds:g} seconds")
            if lane.paused and not was_paused:
                problem = f"{lane.status.hung} workers hang; deliveries wait until one comes back"
                self._tell(self._announcer.paused(lane.name, problem, lanes=self._lanes.values(), now=self._clock()))
                self._fault(lane, "paused", problem)

    def _attempt_ended(self, lane: Lane, batch: list[Ended]) -> None:
        for ended in batch:
            self._ended.append((lane, ended))
            record = ended.record
            if not isinstance(record, AttemptRecord):
                continue
            lane.failing = record.state is not DeliveryState.DELIVERED
            if record.state is DeliveryState.FAILED:
                lanes = self._lanes.values()
                self._tell(self._announcer.failed(lane.name, ended.due, record, lanes=lanes, now=self._clock()))
            if ended.fault:
                self._fault(lane, ended.fault, record.error)

    def _tell(self, announcement: Commit | None) -> None:
        if announcement is not None:
            self._news.append(announcement)

    def _fault(self, lane: Lane, kind: str, text: str) -> None:
        self._faults.append((self._plugins.owner(lane.config.cls), lane.name, kind, text))

    def _write_faults(self) -> None:
        while self._faults:
            self._store.report_fault(*self._faults[0])
            self._faults.pop(0)

    def _write_ended(self) -> None:
        """Write everything that ended in one transaction, together with the announcements about it."""
        if not self._ended and not self._news:
            return
        news = Commit(
            notifications=[notification for commit in self._news for notification in commit.notifications],
            deliveries=[delivery for commit in self._news for delivery in commit.deliveries],
        )
        self._store.record([ended.record for _, ended in self._ended], news)
        written, self._ended, self._news = self._ended, [], []
        for lane, ended in written:
            lane.settled(ended)
            self._expect(lane.name, ended)
        self.look({delivery.action for delivery in news.deliveries})

    def _expect(self, action: str, ended: Ended) -> None:
        """Wake up for the next attempt, also when another lane has taken over the action."""
        lane, record = self._lanes.get(action), ended.record
        if lane is not None and isinstance(record, AttemptRecord) and record.next_attempt is not None:
            lane.next_due = min(record.next_attempt, lane.next_due or record.next_attempt)

    def _forget_retired(self) -> None:
        """Let go of the lanes of former actions that have finished, and skip what waits for actions that are gone."""
        finished = [lane for lane in self._retired if not lane.held and not lane.busy]
        if finished:
            self._store.skip_unconfigured(self._config.actions, GONE)
            self._retired = [lane for lane in self._retired if lane not in finished]
            self.look()

    def _fill(self) -> None:
        if time.monotonic() >= self._next_poll:
            self._next_poll = time.monotonic() + POLL_SECONDS
            self.look()
        for lane in self._lanes.values():
            now = self._clock()
            if lane.open and lane.due(now):
                room = MOST_HELD - len(lane.held)
                due = self._store.due(lane.name, now, room, self._held(lane.name))
                lane.next_due = self._store.next_due(lane.name, after=now)
                lane.more = len(due) == room
                lane.take(due)

    def _held(self, action: str) -> set[str]:
        """What workers of an action have already, those of its former configurations included."""
        return {delivery for lane in self._all_lanes() if lane.name == action for delivery in lane.held}

    def _idle(self) -> bool:
        return not self._ended and not self._news and not any(lane.held or lane.busy for lane in self._all_lanes())

    def _answer_drains(self) -> None:
        if not self._drains or not self._mailbox.empty():
            return
        now = self._clock()
        if all(lane.quiet(now) for lane in self._all_lanes()):
            stuck = any(lane.paused and self._waits(lane, now) for lane in self._lanes.values())
            for done in self._drains:
                if done.set_running_or_notify_cancel():
                    done.set_result(not stuck)
            self._drains = []

    def _waits(self, lane: Lane, now: datetime) -> bool:
        earliest = self._store.next_due(lane.name)
        return earliest is not None and earliest <= now

    def _worker(self, lane: Lane) -> Worker:
        policy = Policy(config=lane.config, backoff=self._backoff, clock=self._clock)
        context = WatchedContext(
            name=lane.name,
            state_folder=self._config.store.folder / "actions" / lane.name,
            program_folder=self._config.program_folder,
            resolver=self._plugins.resolve_secret,
        )
        return Worker(
            Sender(lane.config, context, hooks=self._plugins, policy=policy),
            lane.inbox,
            policy=policy,
            ended=lambda ended: self.post(partial(self._attempt_ended, lane, ended)),
            returned=lambda worker: self.post(partial(lane.returned, worker)),
        )
