"""What an action does when the network or the server fails: tests that are needed for gold."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from alert_core.components import Action, Context
from alert_core.errors import DeliveryError
from alert_core.model import Notification, Receipt, Strength
from alert_core.testing import _processes, faults
from alert_core.testing.component import ComponentConformance, shows_a_secret
from alert_core.testing.levels import gold, lacks, spare

__all__ = ["NetworkConformance", "delivery_error"]


class NetworkConformance(ComponentConformance):
    """The faults that every network has, one at a time, from servers on loopback that behave badly.

    Whatever happens, an attempt ends in time with a `DeliveryError` that lets the core try again. Where a connection was made
    but nobody confirmed anything, a receipt that claims no more than `handed-over` is true as well, because some protocols have
    no answer; the same goes for datagrams.
    """

    action: ClassVar[type[Action[Any]]]

    def aim(self, host: str, port: int) -> Mapping[str, Any] | None:
        """Settings that lead to this host and port without TLS; `None`: it does not use the network.

        Set the shortest time limits that the action has, so that the tests are quick.
        """
        raise NotImplementedError

    def aim_tls(self, host: str, port: int) -> Mapping[str, Any] | None:
        """Settings that lead there and insist on TLS from the first byte; `None`: it does not speak TLS."""
        raise NotImplementedError

    @gold
    @pytest.mark.parametrize("fault", faults.FAULTS)
    def test_fault_of_the_network_ends_in_time_and_is_retried(self, fault: str, context: Context) -> None:
        self._aimed()

        with faults.FAULTS[fault]() as server:
            outcome = self._attempt(self.aim(faults.HOST, server.port), context)

        silent = server.visited
        assert silent or fault == "refused", "aim() does not lead to the host and port that it was given"
        if not (silent and isinstance(outcome, Receipt) and outcome.strength is Strength.HANDED_OVER):
            self._must_be_retried(outcome)

    @gold
    @pytest.mark.parametrize("fault", faults.FAULTS)
    def test_fault_of_the_network_leaves_nothing_behind(self, fault: str, context: Context) -> None:
        self._aimed()
        before = _processes.threads_and_sockets()

        with faults.FAULTS[fault]() as server:
            self._attempt(self.aim(faults.HOST, server.port), context)

        left = _processes.new_since(before, patience_seconds=min(self.time_limit_seconds, 5.0))
        assert left == set(), f"close what an attempt opened when it fails: {', '.join(sorted(left))}"

    @gold
    def test_unknown_host_is_retried(self, context: Context) -> None:
        self._aimed()

        # Looking a name up cannot be cut short, and takes long where the name server does not answer.
        patience = 3 * faults.seconds_to_look_up(faults.UNKNOWN_HOST)
        outcome = self._attempt(self.aim(faults.UNKNOWN_HOST, 1), context, patience=patience)

        self._must_be_retried(outcome)

    @gold
    @pytest.mark.parametrize("fault", faults.TLS_FAULTS)
    def test_fault_of_tls_ends_in_time_and_nothing_is_told(self, fault: str, context: Context) -> None:
        self._aimed_tls()

        with faults.TLS_FAULTS[fault]() as server:
            outcome = self._attempt(self.aim_tls(faults.HOST, server.port), context)

        assert server.visited, "aim_tls() does not lead to the host and port that it was given"
        assert server.received == b"", "it told something to a server with a certificate nobody has signed"
        self._must_be_retried(outcome)

    def _aimed(self) -> None:
        try:
            aimed = self.aim(faults.HOST, 1)
        except NotImplementedError:
            lacks(
                "give the test class `aim(self, host, port)`, which returns settings that lead there, or None without a network"
            )
        if aimed is None:
            spare(_word(self.aim) or "it does not use the network")

    def _aimed_tls(self) -> None:
        self._aimed()
        try:
            aimed = self.aim_tls(faults.HOST, 1)
        except NotImplementedError:
            lacks("give the test class `aim_tls(self, host, port)`, which returns settings with TLS, or None without TLS")
        if aimed is None:
            spare(_word(self.aim_tls) or "it does not speak TLS")

    def _attempt(self, settings: Mapping[str, Any] | None, context: Context, *, patience: float = 0.0) -> object:
        """What one attempt returns or raises."""
        assert settings is not None
        action = self.made(settings, context)
        try:
            outcome = _processes.outcome_of(lambda: action.send(Notification.sample()), self.time_limit_seconds + patience)
        finally:
            action.close()
        assert not shows_a_secret(f"{outcome}", action.settings), "a secret stands in the error"
        return outcome

    def _must_be_retried(self, outcome: object) -> None:
        error = delivery_error(outcome)
        assert error.retryable, f"this may be over in a minute, so the error must be retryable: {error}"


def delivery_error(outcome: object) -> DeliveryError:
    """What an attempt ended with, which must be a `DeliveryError` that says something."""
    if not isinstance(outcome, DeliveryError):
        cause = outcome if isinstance(outcome, BaseException) else None
        raise AssertionError(f"send() must raise DeliveryError, not give {outcome!r}") from cause
    assert str(outcome), "say what went wrong"
    return outcome


def _word(method: object) -> str:
    """What the author says about a method that returns nothing, in one line."""
    return " ".join((inspect.getdoc(method) or "").split()).rstrip(".")
