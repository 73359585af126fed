"""The dispatcher as the rest of the program sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from alert_core.config.values import Config
from alert_core.runtime._attempt import Hooks
from alert_core.runtime._backoff import Backoff
from alert_core.runtime._lane import LaneStatus
from alert_core.runtime._loop import GONE, Loop
from alert_core.runtime._worker import Worker
from alert_core.store import Store

__all__ = ["Dispatcher", "LaneStatus"]

AnswerT = TypeVar("AnswerT")


def _now() -> datetime:
    return datetime.now(UTC)


class Dispatcher:
    """Delivers what the outbox holds.

    Every action has a lane of its own: workers, each with its own Action instance, and a few hundred deliveries at most in
    memory. One thread, the dispatcher's, owns all lanes and is the only one that reads and writes the outbox; it never calls a
    plugin, so no plugin can hold it up. The methods here may be called from any thread: they post a call to its mailbox.
    Whatever ended while it was busy writing goes to disk together, in one transaction.

    An attempt that was under way when the process died is made again after the restart, with the same idempotency key.

    Args:
        store: Where the outbox is.
        plugins: Asked before, and told after attempts.
        config: Which actions there are.
        clock: The present.
        backoff: How long to wait between attempts.
    """

    def __init__(
        self,
        store: Store,
        plugins: Hooks,
        config: Config,
        *,
        clock: Callable[[], datetime] = _now,
        backoff: Backoff | None = None,
    ) -> None:
        self._store, self._config = store, config
        self._loop = Loop(store, plugins, config, clock=clock, backoff=backoff or Backoff())
        self._thread = threading.Thread(target=self._loop.run, name="alert-dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to deliver.

        Raises:
            StoreError: The outbox cannot be written.
        """
        self._store.skip_unconfigured(self._config.actions, GONE)
        self._thread.start()

    def notify(self, actions: Collection[str] | None = None) -> None:
        """Say that new deliveries were committed, for these actions or for any."""
        self._loop.post(partial(self._loop.look, actions))

    def reload(self, config: Config) -> None:
        """Go on with another configuration.

        Actions that did not change keep their workers. The workers of others end after what they are doing. What waits for an
        action that is gone is skipped.
        """
        done: Future[None] = Future()
        self._loop.post(partial(self._loop.apply, config, done))
        with suppress(TimeoutError):  # not running; the call stays in the mailbox and is the first one after the start
            self._answer(done, None)

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until nothing is due and nothing is being delivered; retries in the future are not waited for.

        Returns:
            False when that took longer than `timeout` seconds, or when an action is paused and cannot deliver what is due.
        """
        done: Future[bool] = Future()
        self._loop.post(partial(self._loop.await_quiet, done))
        try:
            return self._answer(done, timeout)
        except TimeoutError:
            done.cancel()
            return False

    def stop(self, grace_seconds: float = 10.0) -> None:
        """Begin nothing new, give what is under way so many seconds, write down how it went, and end.

        What does not end in time stays in the outbox and is delivered after the next start.
        """
        if not self._thread.is_alive():
            return
        end = time.monotonic() + grace_seconds
        done: Future[list[Worker]] = Future()
        self._loop.post(partial(self._loop.stop, end, done))
        workers = self._answer(done, None)
        self._thread.join()
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))

    def status(self) -> list[LaneStatus]:
        """How each action is doing; what waits in the store is in `Store.pending`."""
        return self._loop.status()

    def _answer(self, done: Future[AnswerT], timeout: float | None) -> AnswerT:
        """The answer of the dispatcher's thread, as long as there is one.

        Raises:
            TimeoutError: It took too long, or the thread is not running.
        """
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while self._thread.is_alive() and not done.done() and time.monotonic() < end:
            with suppress(TimeoutError):
                done.result(min(0.5, max(0.0, end - time.monotonic())))
        return done.result(0)
