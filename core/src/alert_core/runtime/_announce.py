"""Telling people through another action that a delivery failed for good."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from alert_core.model import Event, Message, Notification, Severity
from alert_core.runtime._lane import Lane
from alert_core.runtime._redact import one_line
from alert_core.store import DELIVERY_FAILED, AttemptRecord, Commit, Due, NewDelivery

__all__ = ["Announcer"]

logger = logging.getLogger(__name__)

_DAMPER = timedelta(minutes=60)


class Announcer:
    """Announces failed deliveries: the first of an action at once, then for an hour none, as a damper does.

    A failed announcement is not announced; it is in the log like every failed delivery.
    """

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}
        self._untold: dict[str, int] = {}

    def failed(self, action: str, due: Due, record: AttemptRecord, *, lanes: Iterable[Lane], now: datetime) -> Commit | None:
        """The notification about a failed delivery and its own delivery, to be written together with the failure."""
        logger.error("action %s: gave up delivering %s: %s", action, due.notification.id, record.error)
        if due.notification.condition == DELIVERY_FAILED or self._damped(action, now):
            return None
        failed, untold = due.notification, self._untold.pop(action, 0)
        more = (
            f"Before it, {untold} further deliveries through {action} failed since the last such message.\n" if untold else ""
        )
        body = (
            f"A notification could not be delivered through {action}; it stands in the log as failed.\n\n"
            f"Notification: {failed.id}\nSubject: {one_line(failed.subject)}\nCondition: {failed.condition}\n"
            f"Attempts: {record.number}\nLast error: {record.error}\n{more}\n"
            f"See it: alert log show {failed.id}\nTry again: alert log redrive --action {action}\n"
        )
        event = Event(
            time=now, type=DELIVERY_FAILED, id=f"delivery:{due.id}", source="alert", computer=failed.computer,
            severity=Severity.MAJOR, message=record.error,
            attributes={"action": action, "notification": failed.id, "delivery": due.id},
        )  # fmt: skip
        subject = one_line(f"alert could not deliver through {action}: {failed.subject}")[:200]
        return _commit(action, event, Message(subject, body), lanes=lanes, untold=untold)

    def paused(self, action: str, problem: str, *, lanes: Iterable[Lane], now: datetime) -> Commit | None:
        """The notification that an action delivers nothing for now, and its delivery."""
        if self._damped(action, now):
            return None
        event = Event(
            time=now, type=DELIVERY_FAILED, id=f"paused:{action}:{now.isoformat()}", source="alert",
            severity=Severity.MAJOR, message=problem, attributes={"action": action},
        )  # fmt: skip
        body = f"The action {action} is paused: {problem}.\n\nIts faults: alert plugins\n"
        message = Message(f"alert delivers nothing through {action} for now", body)
        return _commit(action, event, message, lanes=lanes, untold=self._untold.pop(action, 0))

    def _damped(self, action: str, now: datetime) -> bool:
        last = self._last.get(action)
        if last is not None and last <= now < last + _DAMPER:
            self._untold[action] = self._untold.get(action, 0) + 1
            return True
        self._last[action] = now
        return False


def _commit(action: str, event: Event, message: Message, *, lanes: Iterable[Lane], untold: int) -> Commit:
    notification = Notification(
        id=hashlib.sha256(f"{DELIVERY_FAILED}/{event.id}".encode()).hexdigest()[:32],
        condition=DELIVERY_FAILED,
        revision="0" * 12,
        type=DELIVERY_FAILED,
        key=action,
        kind="fired",
        time=event.time,
        severity=Severity.MAJOR,
        subject=message.subject,
        body=message.body,
        event=event,
        quantity=1 + untold,
        suppressed=untold,
    )
    other = _other(action, lanes)
    return Commit((), [notification], [NewDelivery(notification.id, other)] if other else [])


def _other(action: str, lanes: Iterable[Lane]) -> str | None:
    """The first other action by name that works; if none does, the first that may work again."""
    others = sorted((lane for lane in lanes if lane.name != action), key=lambda lane: (lane.paused, lane.failing, lane.name))
    return others[0].name if others else None
