"""A thread that delivers for one action, and that can be left behind when it hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue

from alert_core.runtime._attempt import Ended, Policy, Sender
from alert_core.store import Due

__all__ = ["Hung", "Inbox", "Worker"]

Inbox = SimpleQueue[Due | None]
"""What the workers of an action take their work from; `None` tells one of them to end."""


@dataclass(frozen=True)
class _Job:
    """What a worker is busy with; without deliveries it is telling plugins about an attempt that is over."""

    batch: Sequence[Due]
    started: datetime
    since: float
    deadline: float


@dataclass(frozen=True)
class Hung:
    """What a worker that was abandoned did not finish: an attempt of some deliveries, or else a hook."""

    ended: list[Ended]


class Worker:
    """One worker of an action.

    Only its own thread touches its Action instance. Whether an attempt counts is decided under its lock, once: either the
    thread reports it, or the dispatcher declares it hung; then what the thread may still bring is ignored.

    Args:
        sender: Makes the attempts.
        inbox: Where work comes from.
        policy: The action's policy.
        ended: Called in the worker's thread with the deliveries of every attempt that ends in time.
        returned: Called in the worker's thread when it ends although it had been given up.
    """

    def __init__(
        self,
        sender: Sender,
        inbox: Inbox,
        *,
        policy: Policy,
        ended: Callable[[list[Ended]], None],
        returned: Callable[[Worker], None],
    ) -> None:
        self._sender, self._inbox, self._policy = sender, inbox, policy
        self._ended, self._returned = ended, returned
        self._lock = threading.Lock()
        self._job: _Job | None = None
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name=f"alert-{policy.config.name}", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it is in the middle of something."""
        return self._job is not None

    @property
    def deadline(self) -> float | None:
        """When it will be late, by `time.monotonic`; `None` when it is idle."""
        job = self._job
        return None if job is None else job.deadline

    def abandon_if_late(self) -> Hung | None:
        """Give the worker up when it took longer than its action may; the caller replaces it."""
        with self._lock:
            job, now = self._job, time.monotonic()
            if job is None or now < job.deadline:
                return None
            self._abandoned, self._job = True, None
        return Hung([self._policy.timed_out(due, job.started, now - job.since) for due in job.batch])

    def join(self, timeout: float) -> None:
        """Wait until its thread has ended."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while (first := self._inbox.get()) is not None:
            batch = [first, *self._more()]
            self._begin(batch)
            ended = self._sender.attempt(batch)
            if not self._report(ended):
                break
            for one in ended:
                self._sender.tell(one)
            if not self._rest():
                break
        self._sender.close()
        if self._abandoned:
            self._returned(self)

    def _more(self) -> list[Due]:
        """What waits as well, as far as the action can carry it along; never waits for more."""
        found: list[Due] = []
        while len(found) + 1 < self._sender.room:
            try:
                due = self._inbox.get_nowait()
            except Empty:
                break
            if due is None:  # told to end; that is read again after this batch
                self._inbox.put(None)
                break
            found.append(due)
        return found

    def _begin(self, batch: Sequence[Due]) -> None:
        now = time.monotonic()
        self._job = _Job(batch, self._policy.clock(), now, now + self._policy.config.timeout_seconds)

    def _report(self, ended: list[Ended]) -> bool:
        with self._lock:
            if self._abandoned:
                return False
            self._begin(())
        self._ended(ended)
        return True

    def _rest(self) -> bool:
        with self._lock:
            if self._abandoned:
                return False
            self._job = None
        return True
