"""What every action must do, as tests that its author inherits.

    class TestHello(ActionConformance):
        action = HelloAction
        settings = {"path": "out.txt"}
        unreachable = {"path": "/no/such/folder/out.txt"}

A test that does not apply may be replaced; its docstring then says why, and `alert plugins --check` repeats it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from alert_core.components import Action, Context
from alert_core.errors import DeliveryError
from alert_core.model import CheckResult, Notification, Receipt, Strength
from alert_core.testing import _processes
from alert_core.testing.component import shows_a_secret
from alert_core.testing.hostile import notifications
from alert_core.testing.levels import gold, lacks, silver
from alert_core.testing.network import NetworkConformance, delivery_error

__all__ = ["ActionConformance"]

_PATIENCE_SECONDS = 10.0


class ActionConformance(NetworkConformance):
    """The tests that every action passes.

    Attributes:
        action: The class under test.
        settings: Valid settings, as they would stand in `alert.toml`.
        unreachable: Valid settings with which no notification can be delivered.
        time_limit_seconds: How long an attempt may take that cannot succeed.
        hostile_count: How many hostile notifications are sent.
    """

    kind = "action"
    action: ClassVar[type[Action[Any]]]
    unreachable: ClassVar[Mapping[str, Any]]
    hostile_count: ClassVar[int] = 100

    @pytest.fixture
    def reachable(self, context: Context) -> Mapping[str, Any]:
        """Settings with which a notification is taken. Replace it to start a receiver first."""
        return self.settings

    def arrived(self) -> Sequence[str]:
        """What has arrived at the receiver of `reachable` so far: one text for each message, in order."""
        raise NotImplementedError

    # --- it does what it says

    @silver
    def test_taken_notification_has_a_receipt(self, context: Context, reachable: Mapping[str, Any]) -> None:
        action = self.made(reachable, context)

        try:
            receipt = action.send(Notification.sample())
        finally:
            action.close()

        assert isinstance(receipt, Receipt), f"send() must return a Receipt, not {receipt!r}"
        assert isinstance(receipt.strength, Strength), "a receipt says what it proves"
        assert not shows_a_secret(f"{receipt}", action.settings), "a secret stands in the receipt"

    @silver
    def test_delivery_that_cannot_succeed_raises_delivery_error_in_time(self, context: Context) -> None:
        error = delivery_error(self._failed(context))

        assert not shows_a_secret(str(error), self.validated(self.unreachable)), "a secret stands in the error"

    @silver
    def test_test_button_tells_good_targets_from_bad_ones(self, context: Context, reachable: Mapping[str, Any]) -> None:
        good, bad = self.made(reachable, context), self.made(self.unreachable, context)

        try:
            results = good.test(), bad.test()
        finally:
            good.close()
            bad.close()

        assert all(isinstance(result, CheckResult) for result in results), "test() must return a CheckResult"
        assert [result.ok for result in results] == [True, False], f"the Test button says {results}"
        assert results[1].detail, "say what went wrong"

    @silver
    def test_retry_has_the_same_idempotency_key(self, context: Context) -> None:
        first, other = Notification.sample(), Notification.sample()

        keys = [self.made(self.settings, context).idempotency_key(one) for one in (first, first, other)]
        elsewhere = self.made(self.settings, replace(context, name="another")).idempotency_key(first)

        assert keys[0] == keys[1], "a retry after a restart must be recognised"
        assert len({keys[0], keys[2], elsewhere}) == 3, "different deliveries have different keys"

    @silver
    def test_closing_leaves_no_thread_and_no_socket_behind(self, context: Context, reachable: Mapping[str, Any]) -> None:
        before = _processes.threads_and_sockets()
        used, unused = self.made(reachable, context), self.made(reachable, context)

        used.send(Notification.sample())
        used.close()
        unused.close()

        left = _processes.new_since(before, patience_seconds=min(self.time_limit_seconds, 5.0))
        assert left == set(), f"close() must end these: {', '.join(sorted(left))}"

    @silver
    def test_two_instances_do_not_interfere(self, context: Context, reachable: Mapping[str, Any]) -> None:
        first, second = self.made(reachable, context), self.made(reachable, context)
        samples = [Notification.sample() for _ in range(4)]

        try:
            with ThreadPoolExecutor(2) as pool:
                receipts = list(pool.map(lambda one: [one.send(sample) for sample in samples], (first, second)))
            first.close()
            after = second.send(samples[0])
        finally:
            second.close()

        assert all(isinstance(receipt, Receipt) for receipt in [*receipts[0], *receipts[1], after])

    @silver
    def test_batch_has_one_answer_for_each_notification(self, context: Context, reachable: Mapping[str, Any]) -> None:
        action, batch = self.made(reachable, context), [Notification.sample() for _ in range(3)]

        try:
            answers = action.send_many(batch)
        finally:
            action.close()

        assert [isinstance(answer, Receipt) for answer in answers] == [True] * 3, f"send_many() gave {answers}"

    @silver
    def test_secrets_are_in_no_log(self, context: Context, reachable: Mapping[str, Any], caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        action = self.made(reachable, context)

        try:
            action.send(Notification.sample())
        finally:
            action.close()
        self._failed(context)

        logged = f"{caplog.text} {[record.__dict__ for record in caplog.records]}"
        assert not shows_a_secret(logged, action.settings), "a secret stands in the log"
        assert not shows_a_secret(logged, self.validated(self.unreachable)), "a secret stands in the log"

    # --- on a bad day

    @gold
    def test_hostile_text_becomes_a_message_and_nothing_else(self, context: Context, reachable: Mapping[str, Any]) -> None:
        action, sent = self.made(reachable, context), 0

        try:
            for notification in notifications(self.hostile_count):
                receipt = action.send(notification)
                assert isinstance(receipt, Receipt), f"send() must return a Receipt, not {receipt!r}"
                sent += 1
                self._await(sent)
        except DeliveryError as error:
            pytest.fail(f"the words of a notification must not keep it from being delivered: {error}")
        finally:
            action.close()

        self._await(sent, settled=True)

    def _await(self, sent: int, *, settled: bool = False) -> None:
        """Wait until as many messages have arrived as were sent; at the end, see to it that there are no more."""
        try:
            arrived = len(self.arrived()) if settled else _reached(lambda: len(self.arrived()), sent)
        except NotImplementedError:
            if settled:
                lacks("give the test class `arrived(self)`, which returns what the receiver of `reachable` got, text by text")
            return
        assert arrived == sent, f"{sent} notifications became {arrived} messages"

    def _failed(self, context: Context) -> object:
        """What an attempt gives that cannot succeed."""
        action = self.made(self.unreachable, context)
        try:
            return _processes.outcome_of(lambda: action.send(Notification.sample()), self.time_limit_seconds)
        finally:
            action.close()


def _reached(count: Callable[[], int], wanted: int) -> int:
    """The count as soon as it has reached what is wanted, or when that takes too long."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while (found := count()) < wanted and time.monotonic() < end:
        time.sleep(0.005)
    return found
