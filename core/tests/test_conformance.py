from __future__ import annotations

import importlib
import inspect
import logging
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from alert_core import Action, AlertError, Context, DeliveryError, Notification, Receipt, Secret, Settings, Strength
from alert_core.testing import ActionConformance
from alert_core.testing.component import ComponentConformance
from alert_core.testing.network import NetworkConformance

pytestmark = pytest.mark.once

Check = Callable[..., None]


class NoteSettings(Settings):
    path: Path = Field(title="File", description="Receives one line per notification.")
    password: Secret = Field(Secret("hidden"), title="Password", description="What nobody may see.")


class NoteAction(Action[NoteSettings]):
    """Append the subject to a file."""

    name = "note"
    label = "Note"

    def send(self, notification: Notification) -> Receipt:
        try:
            with self.settings.path.open("a", encoding="utf-8") as out:
                out.write(f"{notification.subject}\n")
        except OSError as error:
            raise DeliveryError(f"cannot append to {self.settings.path}") from error
        return Receipt(Strength.ACCEPTED)


class Kit(ActionConformance):
    action = NoteAction
    settings = {"path": "notes.txt"}
    unreachable = {"path": "/no/such/folder/notes.txt"}
    time_limit_seconds = 0.1
    hostile_count = 20

    def aim(self, host: str, port: int) -> None:
        """It writes to a file."""

    def arrived(self) -> list[str]:
        return Path("notes.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Check:
    """Makes one test of the kit for an action class that differs from the good one."""
    monkeypatch.chdir(tmp_path)
    context = Context(name="conformance", state_folder=tmp_path / "state", program_folder=tmp_path / "bin")

    def check(test: str, action: type[Action[Any]], *, kit: type[Any] = Kit, **changes: Any) -> None:
        changed = type("ChangedKit", (kit,), {"action": action, **changes})()
        method = getattr(changed, test)
        offered = {
            "context": context, "monkeypatch": monkeypatch, "reachable": changed.settings, "caplog": caplog,
        }  # fmt: skip
        method(**{name: offered[name] for name in inspect.signature(method).parameters})

    return check


class Bare(NoteSettings):
    loud: bool = Field(False, title="Loud")


class Table(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    depth: int = Field(1, title="Depth", description="How deep.")


class WithTable(NoteSettings):
    tables: list[Table] = Field([], title="Tables", description="Any number of them.")


class Plain(NoteSettings):
    auth_key: str | None = Field(None, title="Key", description="What everybody sees.")


class Talkative(NoteSettings):
    def __repr__(self) -> str:
        return f"Talkative({self.password.resolve()})"


class Unsavable(NoteSettings):
    @model_validator(mode="before")
    @classmethod
    def _only_short(cls, values: dict[str, Any]) -> dict[str, Any]:
        if "password" in values:
            raise ValueError("cannot be set")
        return values


class Early(NoteAction):
    def __init__(self, settings: NoteSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.settings.path.touch()
        self.settings.path.read_text()


class Careless(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        self.settings.path.write_text("x")
        return Receipt(Strength.ACCEPTED)


class Slow(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        threading.Event().wait(3)
        return super().send(notification)


class Gossip(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        if "no" in self.settings.path.parts:
            raise DeliveryError(f"{self.settings.password.resolve()} was refused")
        return Receipt(Strength.ACCEPTED, detail=self.settings.password.resolve())


class Silent(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        return None  # type: ignore[return-value]


class Optimist(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        return Receipt(Strength.ACCEPTED)


class Forgetful(NoteAction):
    def idempotency_key(self, notification: Notification) -> str:
        return "always the same"


class Chatty(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        logging.getLogger("chatty").debug("password %s", self.settings.password.resolve())
        return super().send(notification)


class Sharing(NoteAction):
    lines: ClassVar[list[str]] = []

    def send(self, notification: Notification) -> Receipt:
        if self.lines == ["closed"]:
            raise DeliveryError("another instance has closed what both use")
        return super().send(notification)

    def close(self) -> None:
        self.lines.append("closed")


class Forgotten(NoteAction):
    def send_many(self, batch: Sequence[Notification]) -> Sequence[Receipt | DeliveryError]:
        return [self.send(batch[0])]


class Splitting(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        with self.settings.path.open("a", encoding="utf-8") as out:
            out.write(f"{notification.subject}\n{notification.event.user}\n")
        return Receipt(Strength.ACCEPTED)


class Narrow(NoteAction):
    def send(self, notification: Notification) -> Receipt:
        if not notification.subject.isascii():
            raise DeliveryError("cannot carry this subject", retryable=False)
        return super().send(notification)


class Leaking(NoteAction):
    sockets: ClassVar[list[socket.socket]] = []

    def send(self, notification: Notification) -> Receipt:
        self.sockets.append(socket.socket())
        return super().send(notification)


INSTALLED = """
from alert_core import Action, Settings, hookimpl

class NoteAction(Action[Settings]):
    name = "note"
    label = "Note"

    def send(self, notification):
        raise NotImplementedError

@hookimpl
def alert_register_actions():
    return [NoteAction]
"""


def with_settings(model: type[Settings]) -> type[Action[Any]]:
    return type("Changed", (NoteAction,), {"settings_model": model})


SHAPE = "test_name_label_and_settings_have_the_shape_that_the_core_expects"
FAULTS: list[tuple[str, type[Action[Any]], str]] = [
    (SHAPE, type("X", (NoteAction,), {"name": "A b"}), "has the name"),
    (SHAPE, type("X", (NoteAction,), {"label": "a\nb"}), "one line"),
    ("test_it_is_offered_through_an_entry_point", NoteAction, "no installed plugin offers the action type 'note'"),
    ("test_every_setting_has_a_title_and_a_description", with_settings(Bare), "Bare.loud"),
    ("test_unknown_keys_are_refused", with_settings(WithTable), "Table"),
    ("test_settings_that_nobody_may_see_are_secrets", with_settings(Plain), "Plain.auth_key"),
    ("test_settings_survive_being_saved_as_toml", with_settings(Unsavable), "cannot be set"),
    ("test_secrets_are_not_shown", with_settings(Talkative), "a secret stands in"),
    ("test_constructor_does_no_input_or_output", Early, "not allowed here"),
    ("test_taken_notification_has_a_receipt", Silent, "isinstance"),
    ("test_taken_notification_has_a_receipt", Gossip, "a secret stands in"),
    ("test_delivery_that_cannot_succeed_raises_delivery_error_in_time", Careless, "not give FileNotFoundError"),
    ("test_delivery_that_cannot_succeed_raises_delivery_error_in_time", Optimist, "not give Receipt"),
    ("test_delivery_that_cannot_succeed_raises_delivery_error_in_time", Slow, "did not return within 0.1 seconds"),
    ("test_delivery_that_cannot_succeed_raises_delivery_error_in_time", Gossip, "a secret stands in"),
    ("test_test_button_tells_good_targets_from_bad_ones", Optimist, "True"),
    ("test_retry_has_the_same_idempotency_key", Forgetful, "different deliveries have different keys"),
    ("test_secrets_are_in_no_log", Chatty, "stands in the log"),
    ("test_two_instances_do_not_interfere", Sharing, "another instance has closed"),
    ("test_batch_has_one_answer_for_each_notification", Forgotten, "send_many() gave"),
    ("test_hostile_text_becomes_a_message_and_nothing_else", Splitting, "became"),
    ("test_hostile_text_becomes_a_message_and_nothing_else", Narrow, "must not keep it from being delivered"),
]  # fmt: skip
NEEDS_INSTALLATION = {"test_it_is_offered_through_an_entry_point", "test_registration_imports_nothing_heavy"}
NEEDS_NETWORK = {name for name in dir(NetworkConformance) if name not in dir(ComponentConformance)}
PASSED = [
    name for name in dir(ActionConformance) if name.startswith("test_") and name not in NEEDS_INSTALLATION | NEEDS_NETWORK
]


@pytest.mark.parametrize("test", PASSED)
def test_good_action_passes(test: str, check: Check) -> None:
    check(test, NoteAction, time_limit_seconds=10.0)


@pytest.mark.parametrize(("test", "action", "problem"), FAULTS, ids=[f"{test}-{cls.__name__}" for test, cls, _ in FAULTS])
def test_faulty_action_is_found_out(test: str, action: type[Action[Any]], problem: str, check: Check) -> None:
    with pytest.raises((AssertionError, AlertError, TypeError, ValueError, OSError, pytest.fail.Exception)) as found:
        check(test, action)

    assert problem in str(found.value)


def test_socket_left_open_is_found_out(check: Check) -> None:
    with pytest.raises(AssertionError, match="socket:"):
        check("test_closing_leaves_no_thread_and_no_socket_behind", Leaking)

    for left in Leaking.sockets:
        left.close()


def test_action_of_an_installed_plugin_is_offered(fake_distribution: Any, check: Check) -> None:
    fake_distribution("alert-note", INSTALLED)
    action = importlib.import_module("alert_note").NoteAction

    check("test_it_is_offered_through_an_entry_point", action)
    check("test_registration_imports_nothing_heavy", action)


def test_heavy_import_is_found_out(fake_distribution: Any, check: Check) -> None:
    fake_distribution("alert-heavy", "import smtplib, jinja2")
    action = type("HeavyAction", (NoteAction,), {"__module__": "alert_heavy"})

    with pytest.raises(AssertionError, match="import these inside the function") as found:
        check("test_registration_imports_nothing_heavy", action)

    assert "smtplib" in str(found.value)
    assert "jinja2" in str(found.value)
    assert "alert_heavy" not in sys.modules


def test_author_is_told_that_nobody_knows_what_arrives(check: Check) -> None:
    class Silent(Kit):
        arrived = ActionConformance.arrived

    with pytest.raises(pytest.skip.Exception, match=r"give the test class `arrived\(self\)`"):
        check("test_hostile_text_becomes_a_message_and_nothing_else", NoteAction, kit=Silent)
