"""Notifications as an attacker would word them, to prove that no channel lets text become anything else.

    for notification in notifications(amount()):
        action.send(notification)

The same count and seed give the same notifications everywhere, and each of them depends on its own number alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from alert_core.components import Condition
from alert_core.config.values import ConditionConfig
from alert_core.evaluators import Evaluator
from alert_core.model import Event, Firing, Message, Notification, Severity
from alert_core.runtime.wording import Wording
from alert_core.settings import Settings
from alert_core.testing._words import hostile_text, hostile_value

__all__ = ["AMOUNT_VARIABLE", "amount", "notifications"]

AMOUNT_VARIABLE = "ALERT_FUZZ"

_START = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
_BODY_LENGTH = 64 * 1024


def amount() -> int:
    """How many notifications a test should send: 300, or what the environment variable `ALERT_FUZZ` says."""
    return int(os.environ.get(AMOUNT_VARIABLE, "300"))


def notifications(count: int, seed: int = 0) -> Iterator[Notification]:
    """Generate notifications with hostile text in every place that somebody outside can write to.

    Subject and body went through the core's own wording, as everything that reaches an action has. The event is as its sender
    wrote it.

    Args:
        count: How many.
        seed: Another seed gives others.
    """
    for index in range(count):
        yield _notification(Random(f"{seed}/{index}"), index)  # noqa: S311 repeatable, not secret


class _QuotedCondition(Condition[Settings]):
    """Notifies in the words of the event: its message is the subject, its raw record the body."""

    name = "quoted"
    label = "Quoted"

    def evaluator(self) -> Evaluator[Any]:
        raise NotImplementedError("it only words")

    def message(self, firing: Firing) -> Message:
        assert firing.event is not None
        return Message(subject=firing.event.message, body=firing.event.raw)


def _notification(random: Random, index: int) -> Notification:
    event = _event(random, index)
    firing = Firing(
        key=random.choice((event.computer, event.user, hostile_text(random))),
        time=event.time,
        event=event,
        quantity=random.choice((1, 5, 2**31)),
        since=random.choice((None, event.time - timedelta(minutes=5))),
        suppressed=random.choice((0, 0, 395)),
        computers=tuple(hostile_text(random, 64) for _ in range(random.choice((0, 0, 3)))),
    )
    config = ConditionConfig(
        name="hostile",
        type="quoted",
        cls=_QuotedCondition,
        settings=Settings(),
        severity=random.choice(tuple(Severity)),
        creator=hostile_text(random),
        revision=hashlib.sha256(f"{index}".encode()).hexdigest()[:12],
    )
    notification = Wording(config).notification(firing)
    # The configuration allows no such names; an action that trusts them would be the first to fall if it did.
    name = random.choice(("hostile", "hostile", "hostile", hostile_text(random, 64))) or "hostile"
    return msgspec.structs.replace(notification, condition=name)


def _event(random: Random, index: int) -> Event:
    text = {
        name: hostile_text(random) for name in ("group", "domain", "server", "user", "risk", "application", "action", "message")
    }
    return Event(
        time=_START + timedelta(seconds=index, microseconds=random.choice((0, 1, 999_999))),
        type=random.choice(("auth-failure", "risk", hostile_text(random, 64))),
        id=f"{index}:{hostile_text(random, 64)}",
        source=random.choice(("wire", hostile_text(random, 64))),
        computer=hostile_text(random, 64),
        count=random.choice((1, 1, 7, 2**40)),
        severity=random.choice(("major", "critical", 3, 9.5, hostile_text(random, 20))),
        source_address=random.choice(("192.0.2.7", "2001:db8::7", hostile_text(random, 64))),
        destination_address=random.choice(("198.51.100.9", "", hostile_text(random, 64))),
        source_port=random.choice((None, 0, 65535)),
        destination_port=random.choice((None, 22, 443)),
        protocol=random.choice(("tcp", hostile_text(random, 20))),
        attributes={hostile_text(random, 40): hostile_value(random) for _ in range(random.choice((0, 1, 3)))},
        raw=_record(random),
        flags=random.choice(((), ("future",))),
        **text,
    )


def _record(random: Random) -> str:
    """What becomes the body: several lines, one in a hundred of them as long as the core lets a body be."""
    record = "".join(
        hostile_text(random) + random.choice(("\n", "\n", "", "\r\n")) for _ in range(random.choice((0, 1, 2, 3, 6)))
    )
    if random.random() < 0.01:
        record += random.choice(("x", "\u4f3a", "y \n", "\U0001f6a8", "<&'\"\\")) * _BODY_LENGTH
        return record[: random.choice((_BODY_LENGTH, _BODY_LENGTH - 1, _BODY_LENGTH + 1))]
    return record
