from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from alert_core import Action, Context, DeliveryError, Notification, Receipt, Settings, Strength
from alert_core.testing import ActionConformance
from alert_core.testing.faults import FAULTS, TLS_FAULTS

pytestmark = pytest.mark.once

Check = Callable[..., None]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Makes one test of the kit for an action class."""
    context = Context(name="conformance", state_folder=tmp_path / "state", program_folder=tmp_path / "bin")

    def check(test: str, fault: str, action: type[Action[Any]], *, kit: type[Any] = LineKit, **changes: Any) -> None:
        changed = type("ChangedKit", (kit,), {"action": action, **changes})()
        getattr(changed, test)(**({"fault": fault} if fault else {}), context=context)

    return check


class LineSettings(Settings):
    host: str = Field(title="Host", description="Where to connect to.")
    port: int = Field(title="Port", description="Where it listens.")
    tls: bool = Field(False, title="TLS", description="Whether to encrypt.")


class LineAction(Action[LineSettings]):
    """Say the subject and wait for an answer, all in half a second."""

    name = "line"
    label = "Line"
    trusting = False

    def send(self, notification: Notification) -> Receipt:
        end = time.monotonic() + 0.5
        try:
            with contextlib.closing(self.connect()) as connection:
                connection.sendall(notification.subject.encode() + b"\n")
                answer = b""
                while b"ok\n" not in answer:
                    connection.settimeout(max(end - time.monotonic(), 0.001))
                    answer += self.understood(connection.recv(100))
        except OSError as error:
            raise DeliveryError(f"no answer from {self.settings.host}: {error}") from error
        return Receipt(Strength.ACCEPTED)

    def connect(self) -> socket.socket:
        connection = socket.create_connection((self.settings.host, self.settings.port), 0.5)
        if not self.settings.tls:
            return connection
        context = ssl.create_default_context()
        if self.trusting:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            return context.wrap_socket(connection, server_hostname=self.settings.host)
        except OSError:
            connection.close()
            raise

    def understood(self, answer: bytes) -> bytes:
        if not answer or not set(answer) <= set(b"2ok\n"):
            raise DeliveryError("the server answers what nobody understands")
        return answer


class LineKit(ActionConformance):
    time_limit_seconds = 1.5

    def aim(self, host: str, port: int) -> dict[str, Any] | None:
        return {"host": host, "port": port}

    def aim_tls(self, host: str, port: int) -> dict[str, Any] | None:
        return {"host": host, "port": port, "tls": True}


class Resigned(LineAction):
    def send(self, notification: Notification) -> Receipt:
        try:
            return super().send(notification)
        except DeliveryError as error:
            raise DeliveryError(str(error), retryable=False) from error


class Untidy(LineAction):
    left: ClassVar[list[socket.socket]] = []

    def connect(self) -> socket.socket:
        self.left.append(socket.socket())
        return super().connect()


class Boastful(LineAction):
    def send(self, notification: Notification) -> Receipt:
        with self.connect() as connection:
            connection.sendall(b"x")
        return Receipt(Strength.ACCEPTED)


class Honest(LineAction):
    def send(self, notification: Notification) -> Receipt:
        try:
            with self.connect() as connection:
                connection.sendall(b"x")
        except OSError as error:
            raise DeliveryError(str(error)) from error
        return Receipt(Strength.HANDED_OVER)


class Patient(LineAction):
    def understood(self, answer: bytes) -> bytes:
        time.sleep(0.1 if answer else 0)
        return super().understood(answer)

    def send(self, notification: Notification) -> Receipt:
        for _ in range(10):
            with contextlib.suppress(DeliveryError):
                return super().send(notification)
        raise DeliveryError("gave up")


class Trusting(LineAction):
    trusting = True


class Elsewhere(LineKit):
    def aim(self, host: str, port: int) -> dict[str, Any] | None:
        return {"host": host, "port": 1}


ENDS = "test_fault_of_the_network_ends_in_time_and_is_retried"
LEAVES = "test_fault_of_the_network_leaves_nothing_behind"
TLS = "test_fault_of_tls_ends_in_time_and_nothing_is_told"
UNKNOWN = "test_unknown_host_is_retried"


@pytest.mark.parametrize("action", [LineAction, Honest])
@pytest.mark.parametrize(
    ("test", "fault"),
    [*((test, fault) for test in (ENDS, LEAVES) for fault in FAULTS), *((TLS, fault) for fault in TLS_FAULTS)],
)
def test_good_action_bears_every_fault(test: str, fault: str, action: type[Action[Any]], check: Check) -> None:
    # A short limit is for those that do not keep to any; a good one only has to wait for its turn on a busy machine.
    check(test, fault, action, time_limit_seconds=15.0)


def test_good_action_bears_unknown_hosts(check: Check) -> None:
    check(UNKNOWN, "", LineAction, time_limit_seconds=30.0)


@pytest.mark.parametrize(
    ("test", "fault", "action", "problem"),
    [
        (ENDS, "refused", Resigned, "the error must be retryable"),
        (ENDS, "refused", Boastful, "not give ConnectionRefusedError"),
        (ENDS, "half-open", Boastful, "must raise DeliveryError, not give Receipt"),
        (ENDS, "half-open", Patient, "did not return within 1.5 seconds"),
        (ENDS, "slow-drip", Patient, "did not return within 1.5 seconds"),
        (TLS, "untrusted-certificate", Trusting, "a certificate nobody has signed"),
        (TLS, "not-tls", Resigned, "the error must be retryable"),
    ],
)
def test_action_that_cannot_bear_a_fault_is_found_out(
    test: str, fault: str, action: type[Action[Any]], problem: str, check: Check
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception), match=problem):
        check(test, fault, action)


def test_socket_left_open_by_a_failed_attempt_is_found_out(check: Check) -> None:
    with pytest.raises(AssertionError, match="close what an attempt opened"):
        check(LEAVES, "garbage", Untidy)

    for left in Untidy.left:
        left.close()


def test_aim_that_leads_elsewhere_is_found_out(check: Check) -> None:
    with pytest.raises(AssertionError, match="does not lead to the host and port"):
        check(ENDS, "reset", LineAction, kit=Elsewhere)


@pytest.mark.parametrize(("test", "fault"), [(ENDS, "reset"), (TLS, "not-tls"), (UNKNOWN, "")])
def test_author_is_told_what_is_missing(test: str, fault: str, check: Check) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"give the test class `aim\(self, host, port\)`"):
        check(test, fault, LineAction, kit=ActionConformance)
