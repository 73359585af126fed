"""A thread that delivers for one action, and that can be left behind when it hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue

from alert_core.runtime._attempt import Ended, Policy, Sender
from alert_core.store import Due

__all__ = ["Hung", "Inbox", "Worker"]

Inbox = SimpleQueue[Due | None]
"""What the workers of an action take their work from; `None` tells one of them to end."""


@dataclass(frozen=True)
class _Job:
    """What a worker is busy with; without `due` it is telling plugins about an attempt that is over."""

    due: Due | None
    started: datetime
    since: float
    deadline: float


@dataclass(frozen=True)
class Hung:
    """What a worker that was abandoned did not finish: an attempt, or else a hook."""

    ended: Ended | None


class Worker:
    """One worker of an action.

    Only its own thread touches its Action instance. Whether an attempt counts is decided under its lock, once: either the
    thread reports it, or the dispatcher declares it hung; then what the thread may still bring is ignored.

    Args:
        sender: Makes the attempts.
        inbox: Where work comes from.
        policy: The action's policy.
        ended: Called in the worker's thread with every attempt that ends in time.
        returned: Called in the worker's thread when it ends although it had been given up.
    """

    def __init__(
        self,
        sender: Sender,
        inbox: Inbox,
        *,
        policy: Policy,
        ended: Callable[[Ended], None],
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
        return Hung(None if job.due is None else self._policy.timed_out(job.due, job.started, now - job.since))

    def join(self, timeout: float) -> None:
        """Wait until its thread has ended."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while (due := self._inbox.get()) is not None:
            self._begin(due)
            ended = self._sender.attempt(due)
            if not self._report(ended):
                break
            self._sender.tell(ended)
            if not self._rest():
                break
        self._sender.close()
        if self._abandoned:
            self._returned(self)

    def _begin(self, due: Due | None) -> None:
        now = time.monotonic()
        self._job = _Job(due, self._policy.clock(), now, now + self._policy.config.timeout_seconds)

    def _report(self, ended: Ended) -> bool:
        with self._lock:
            if self._abandoned:
                return False
            self._begin(None)
        self._ended(ended)
        return True

    def _rest(self) -> bool:
        with self._lock:
            if self._abandoned:
                return False
            self._job = None
        return True
