"""One attempt to deliver: what an action may do, and what follows from it. Everything a plugin can do wrong ends here."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from alert_core.components import Action, Component
from alert_core.config.values import ActionConfig
from alert_core.errors import DeliveryError, SecretError
from alert_core.model import Delivery, DeliveryState, Notification, Receipt, Strength
from alert_core.runtime._backoff import Backoff
from alert_core.runtime._redact import WatchedContext, one_line, redact
from alert_core.store import AttemptRecord, Due, SkipRecord

__all__ = ["Ended", "Hooks", "Policy", "Sender"]

logger = logging.getLogger(__name__)


class Hooks(Protocol):
    """The part of `alert_core.plugins.Plugins` that deliveries need."""

    def suppress(self, notification: Notification, action: str) -> str | None:
        """Why a delivery must not happen."""

    def delivered(self, delivery: Delivery) -> None:
        """Tell about an attempt."""

    def owner(self, cls: type[Component[Any]]) -> str:
        """Name of the plugin that brought a class."""

    def resolve_secret(self, reference: Mapping[str, str]) -> str | None:
        """The value behind a reference."""


@dataclass(frozen=True, kw_only=True)
class _Result:
    outcome: str
    error: str = ""
    retryable: bool = False
    retry_after: float | None = None
    receipt: Receipt | None = None
    fault: str = ""
    progress: str | None = None  # None: as before


@dataclass(frozen=True)
class Ended:
    """An attempt that is over.

    Attributes:
        due: What was to be delivered.
        record: What the store is to know.
        fault: The kind of fault that the plugin is to blame for; empty when it is not.
    """

    due: Due
    record: AttemptRecord | SkipRecord
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What follows from an attempt: delivered, try again then, or failed for good.

    Attributes:
        config: The action's table in the configuration.
        backoff: How long to wait.
        clock: The present.
    """

    config: ActionConfig
    backoff: Backoff
    clock: Callable[[], datetime]

    def timed_out(self, due: Due, started: datetime, seconds: float) -> Ended:
        """The end of an attempt that nobody waits for any longer."""
        problem = f"no answer within {self.config.timeout_seconds:g} seconds"
        result = _Result(outcome="timed-out", error=problem, retryable=True, fault="hung")
        return self.settle(due, result, started=started, seconds=seconds)

    def settle(self, due: Due, result: _Result, *, started: datetime, seconds: float) -> Ended:
        """The record of an attempt, with the state that follows from it."""
        number = due.attempts + 1
        next_attempt = None
        if result.receipt is not None:
            state = DeliveryState.DELIVERED
        else:
            next_attempt = self._next_attempt(due, number, result)
            state = DeliveryState.FAILED if next_attempt is None else DeliveryState.PENDING
        record = AttemptRecord(
            due.id, number, started, seconds, result.outcome, result.error, state, next_attempt, result.receipt,
            due.progress if result.progress is None else result.progress,
        )  # fmt: skip
        return Ended(due, record, result.fault)

    def _next_attempt(self, due: Due, number: int, result: _Result) -> datetime | None:
        now, give_up = self.clock(), due.created + timedelta(hours=self.config.give_up_hours)
        if not result.retryable or now >= give_up:
            return None
        left = (give_up - now).total_seconds()
        # The last attempt is made when the time is up, not skipped because the wait would end after it.
        return now + timedelta(seconds=min(self.backoff.seconds(number, result.retry_after), left))


class Sender:
    """Makes attempts with one instance of an action; used by one thread.

    Args:
        config: The action's table in the configuration.
        context: What the instance gets to know.
        hooks: The plugins.
        policy: What follows from an attempt.
    """

    def __init__(self, config: ActionConfig, context: WatchedContext, *, hooks: Hooks, policy: Policy) -> None:
        self._config, self._context, self._hooks, self._policy = config, context, hooks, policy
        self._action: Action[Any] | None = None
        self._room = 1

    @property
    def room(self) -> int:
        """How many deliveries the next attempt may make; one, until the instance exists."""
        return self._room

    def attempt(self, batch: Sequence[Due]) -> list[Ended]:
        """Deliver once, all of them. Never raises, whatever the plugin does; says for each how it ended."""
        started, clock = self._policy.clock(), time.monotonic()
        skipped = {due.id: reason for due in batch if due.attempts == 0 and (reason := self._suppressed(due))}
        wanted = [due for due in batch if due.id not in skipped]
        results = self._send(wanted) if wanted else []
        seconds = time.monotonic() - clock
        ended = [Ended(due, SkipRecord(due.id, self._clean(skipped[due.id]))) for due in batch if due.id in skipped]
        for due, result in zip(wanted, results, strict=True):
            if isinstance(result, SkipRecord):
                ended.append(Ended(due, result))
            else:
                ended.append(self._policy.settle(due, result, started=started, seconds=seconds))
                self._log_end(ended[-1])
        return ended

    def tell(self, ended: Ended) -> None:
        """Let plugins know about an attempt."""
        record = ended.record
        if isinstance(record, AttemptRecord):
            delivery = Delivery(
                notification=ended.due.notification, action=self._config.name, state=record.state, attempt=record.number,
                receipt=record.receipt, error=record.error,
            )  # fmt: skip
            # The attempt is over: a plugin that listens can do no harm to it, not even by sys.exit().
            try:
                self._hooks.delivered(delivery)
            except BaseException:  # noqa: BLE001
                self._log("alert_delivered")

    def close(self) -> None:
        """Let the instance give up its connections."""
        action, self._action, self._room = self._action, None, 1
        if action is not None:
            # Nothing depends on it any more.
            try:
                action.close()
            except BaseException:  # noqa: BLE001
                self._log("close")

    def _suppressed(self, due: Due) -> str | None:
        # Fail open: a fault here must not keep a notification from people.
        try:
            return self._hooks.suppress(due.notification, self._config.name)
        except BaseException:  # noqa: BLE001
            self._log("alert_suppress")
            return None

    def _send(self, batch: Sequence[Due]) -> list[_Result | SkipRecord]:
        try:
            action = self._action or self._make()
        # The constructor may do anything; the administrator may be able to help, so it is tried again.
        except BaseException as error:  # noqa: BLE001
            self._log("__init__")
            failed = _Result(outcome="raised", error=self._phrase("__init__", error), retryable=True, fault="constructor")
            return [failed] * len(batch)
        results: dict[str, _Result | SkipRecord] = {
            due.id: SkipRecord(due.id, self._clean(reason)) for due in batch if (reason := self._declined(action, due))
        }
        whole = [due for due in batch if due.id not in results and not due.progress]
        if len(whole) > 1:
            results |= zip((due.id for due in whole), self._many(action, whole), strict=True)
        return [results[due.id] if due.id in results else self._one(action, due) for due in batch]

    def _declined(self, action: Action[Any], due: Due) -> str:
        try:
            return action.declines(due.notification)
        except BaseException:  # noqa: BLE001 fail open here as well
            self._log("declines")
            return ""

    def _one(self, action: Action[Any], due: Due) -> _Result:
        note, progress = due.notification, due.progress
        try:
            answer: object = action.resume(note, progress) if progress else action.send(note)
        except BaseException as error:  # noqa: BLE001
            answer = error
        return self._judged("send", answer)

    def _many(self, action: Action[Any], batch: Sequence[Due]) -> list[_Result]:
        try:
            answers: list[object] = list(action.send_many([due.notification for due in batch]))
            if len(answers) != len(batch):
                raise TypeError(f"{len(answers)} answers for {len(batch)} notifications")
        except BaseException as error:  # noqa: BLE001
            answers = [error] * len(batch)
        return [self._judged("send_many", answer) for answer in answers]

    def _judged(self, where: str, answer: object) -> _Result:
        """What an action's answer, or what it raised, means."""
        if isinstance(answer, DeliveryError):
            return _Result(
                outcome="failed", error=self._clean(str(answer)), retryable=bool(answer.retryable),
                retry_after=_number(answer.retry_after), progress=str(answer.progress),
            )  # fmt: skip
        if isinstance(answer, SecretError):
            return _Result(outcome="failed", error=self._clean(str(answer)), retryable=True, fault="secret")
        if isinstance(answer, Receipt) and isinstance(answer.strength, Strength):
            clean = Receipt(answer.strength, self._clean(str(answer.remote_id)), self._clean(str(answer.detail)))
            return _Result(outcome="delivered", receipt=clean, progress="")
        # The rest is a bug in a plugin: recorded and shown, not tried again. It may even be a SystemExit.
        self.close()
        if isinstance(answer, BaseException):
            self._log(where, answer)
            return _Result(outcome="raised", error=self._phrase(where, answer), fault="raised")
        problem = f"{where}() returned {type(answer).__name__}, not a Receipt"
        logger.error("action %s: %s", self._config.name, problem)
        return _Result(outcome="raised", error=problem, fault="no-receipt")

    def _make(self) -> Action[Any]:
        made = self._config.cls(self._config.settings, self._context)
        assert isinstance(made, Action)
        self._action, self._room = made, self._config.batch_size if made.batching else 1
        return made

    def _phrase(self, where: str, error: BaseException) -> str:
        text = "?"
        with suppress(Exception):  # an exception of a plugin may even fail to print itself
            text = str(error)
        return self._clean(f"{where}() raised {type(error).__name__}: {text}")

    def _clean(self, text: str) -> str:
        return one_line(text, self._context.revealed)

    def _log_end(self, ended: Ended) -> None:
        record, what = ended.record, ended.due.notification.id
        assert isinstance(record, AttemptRecord)
        if record.receipt is not None:
            logger.info("action %s: delivered %s: %s", self._config.name, what, record.receipt.strength)
        else:
            logger.warning("action %s: attempt %d for %s: %s", self._config.name, record.number, what, record.error)

    def _log(self, where: str, error: BaseException | None = None) -> None:
        # Not `exc_info`: the text of the exception may hold a secret.
        story = traceback.format_exception(error) if error is not None else traceback.format_exc()
        logger.error("action %s: %s() raised\n%s", self._config.name, where, redact("".join(story), self._context.revealed))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
