"""One attempt to deliver: what an action may do, and what follows from it. Everything a plugin can do wrong ends here."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping
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
            due.id, number, started, seconds, result.outcome, result.error, state, next_attempt, result.receipt
        )
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

    def attempt(self, due: Due) -> Ended:
        """Deliver once. Never raises, whatever the plugin does."""
        started, clock = self._policy.clock(), time.monotonic()
        if due.attempts == 0 and (reason := self._suppressed(due)):
            return Ended(due, SkipRecord(due.id, self._clean(reason)))
        result = self._send(due)
        ended = self._policy.settle(due, result, started=started, seconds=time.monotonic() - clock)
        self._log_end(ended)
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
        action, self._action = self._action, None
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

    def _send(self, due: Due) -> _Result:
        try:
            action = self._action or self._make()
        # The constructor may do anything; the administrator may be able to help, so it is tried again.
        except BaseException as error:  # noqa: BLE001
            self._log("__init__")
            return _Result(outcome="raised", error=self._phrase("__init__", error), retryable=True, fault="constructor")
        try:
            return self._checked(action.send(due.notification))
        except DeliveryError as error:
            problem, after = self._clean(str(error)), _number(error.retry_after)
            return _Result(outcome="failed", error=problem, retryable=bool(error.retryable), retry_after=after)
        except SecretError as error:
            return _Result(outcome="failed", error=self._clean(str(error)), retryable=True, fault="secret")
        # A bug in a plugin: recorded and shown, not tried again. BaseException, because sys.exit() must not end the thread.
        except BaseException as error:  # noqa: BLE001
            self._log("send")
            self.close()
            return _Result(outcome="raised", error=self._phrase("send", error), fault="raised")

    def _make(self) -> Action[Any]:
        made = self._config.cls(self._config.settings, self._context)
        assert isinstance(made, Action)
        self._action = made
        return made

    def _checked(self, receipt: object) -> _Result:
        if isinstance(receipt, Receipt) and isinstance(receipt.strength, Strength):
            clean = Receipt(receipt.strength, self._clean(str(receipt.remote_id)), self._clean(str(receipt.detail)))
            return _Result(outcome="delivered", receipt=clean)
        problem = f"send() returned {type(receipt).__name__}, not a Receipt"
        logger.error("action %s: %s", self._config.name, problem)
        return _Result(outcome="raised", error=problem, fault="no-receipt")

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

    def _log(self, where: str) -> None:
        # Not `exc_info`: the text of the exception may hold a secret.
        story = redact(traceback.format_exc(), self._context.revealed)
        logger.error("action %s: %s() raised\n%s", self._config.name, where, story)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
