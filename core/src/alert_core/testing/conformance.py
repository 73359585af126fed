"""What every plugin must do, as tests that its author inherits.

    class TestHello(ActionConformance):
        action = HelloAction
        settings = {"path": "out.txt"}
        unreachable = {"path": "/no/such/folder/out.txt"}

A test that does not apply may be overridden; its docstring should then say why.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import tomli_w
from pydantic import ValidationError

from alert_core._registry import check_component
from alert_core.components import Action, Context
from alert_core.errors import DeliveryError
from alert_core.forms import form_for
from alert_core.model import CheckResult, Notification, Receipt, Strength
from alert_core.plugins import Plugins
from alert_core.settings import Secret, Settings
from alert_core.tables import ActionKeys
from alert_core.testing import _models, _processes

__all__ = ["ActionConformance"]

_SECRET_NAME = re.compile(r"(.*_)?(password|passwd|passphrase|secret|token|credentials?|(api|auth|private|privacy)_key)")


class ActionConformance:
    """The tests that every action passes.

    Attributes:
        action: The class under test.
        settings: Valid settings, as they would stand in `alert.toml`.
        unreachable: Valid settings with which no notification can be delivered.
        time_limit_seconds: How long an attempt may take that cannot succeed.
    """

    action: ClassVar[type[Action[Any]]]
    settings: ClassVar[Mapping[str, Any]]
    unreachable: ClassVar[Mapping[str, Any]]
    time_limit_seconds: ClassVar[float] = 30.0

    @pytest.fixture
    def context(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
        """What the core would hand over; relative paths lead into a temporary folder, its own folders are not made yet."""
        monkeypatch.chdir(tmp_path)
        return Context(name="conformance", state_folder=tmp_path / "state", program_folder=tmp_path / "bin")

    @pytest.fixture
    def reachable(self, context: Context) -> Mapping[str, Any]:
        """Settings with which a notification is taken. Override it to start a receiver first."""
        return self.settings

    # --- what it says about itself

    def test_name_label_and_settings_have_the_shape_that_the_core_expects(self) -> None:
        check_component(self.action, Action, frozenset(ActionKeys.model_fields))

        assert self.action.label.isprintable(), "the label is one line"
        assert self.action.help.strip(), "give the class a docstring, or set help"

    def test_it_is_offered_through_an_entry_point(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ALERT_PLUGINS_ONLY", raising=False)
        monkeypatch.delenv("ALERT_PLUGINS_BLOCK", raising=False)

        assert Plugins.load().actions.find(self.action.name) is self.action

    def test_registration_imports_nothing_heavy(self) -> None:
        heavy = _processes.heavy_imports(self.action.__module__)

        assert heavy == [], f"import these inside the function that needs them: {', '.join(heavy)}"

    # --- settings

    def test_every_setting_has_a_title_and_a_description(self) -> None:
        bare = [
            f"{model.__name__}.{name}"
            for model in _models.all_models(self.action.settings_model)
            for name, field in model.model_fields.items()
            if not (field.title and field.description)
        ]

        assert bare == [], "write Field(title=..., description=...)"

    def test_unknown_keys_are_refused(self) -> None:
        lax = [
            model.__name__
            for model in _models.all_models(self.action.settings_model)
            if "extra_forbidden" not in _faults(model, {"no-such-setting": True})
        ]

        assert lax == [], "derive these from alert_core.Settings"

    def test_settings_survive_being_saved_as_toml(self) -> None:
        settings = self._valid(self.settings)

        saved = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))

        assert self._valid(tomllib.loads(saved)) == settings

    def test_settings_that_nobody_may_see_are_secrets(self) -> None:
        bare = [
            f"{model.__name__}.{name}"
            for model in _models.all_models(self.action.settings_model)
            for name, field in model.model_fields.items()
            if _SECRET_NAME.fullmatch(name) and str in (types := _models.types_in(field.annotation)) and Secret not in types
        ]

        assert bare == [], "use alert_core.Secret, not str"

    def test_secrets_are_not_shown(self, context: Context) -> None:
        settings = self._valid(self.settings)
        with pytest.raises(ValidationError) as refused:
            self._valid({**self.settings, "no-such-setting": True})

        shown = f"{settings!r} {settings} {self.action(settings, context)!r} {refused.value}"

        assert not self._shows_a_secret(shown, settings)

    def test_form_asks_for_every_setting(self) -> None:
        pages = form_for(self.action).pages

        asked = {page.name for page in pages if page.name} | {field.name for page in pages for field in page.fields}
        assert set(self.action.settings_model.model_fields) - asked == set()

    # --- work

    def test_constructor_does_no_input_or_output(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = self._valid(self.settings)

        with monkeypatch.context() as patch:
            calls = _processes.refuse_io(patch)
            self.action(settings, context)

        assert calls == [], "do this in send(), on first use"
        assert not context.state_folder.exists()

    def test_taken_notification_has_a_receipt(self, context: Context, reachable: Mapping[str, Any]) -> None:
        action = self._made(reachable, context)

        try:
            receipt = action.send(Notification.sample())
        finally:
            action.close()

        assert isinstance(receipt, Receipt)
        assert isinstance(receipt.strength, Strength)
        assert not self._shows_a_secret(f"{receipt}", action.settings)

    def test_delivery_that_cannot_succeed_raises_delivery_error_in_time(self, context: Context) -> None:
        action = self._made(self.unreachable, context)

        try:
            error = _processes.error_of(lambda: action.send(Notification.sample()), self.time_limit_seconds)
        finally:
            action.close()

        assert isinstance(error, DeliveryError), f"send() must raise DeliveryError, not {error!r}"
        assert str(error), "say what went wrong"
        assert not self._shows_a_secret(str(error), action.settings)

    def test_test_button_tells_good_targets_from_bad_ones(self, context: Context, reachable: Mapping[str, Any]) -> None:
        good, bad = self._made(reachable, context), self._made(self.unreachable, context)

        try:
            results = good.test(), bad.test()
        finally:
            good.close()
            bad.close()

        assert all(isinstance(result, CheckResult) for result in results)
        assert [result.ok for result in results] == [True, False], results
        assert results[1].detail, "say what went wrong"

    def test_retry_has_the_same_idempotency_key(self, context: Context) -> None:
        first, other = Notification.sample(), Notification.sample()

        keys = [self._made(self.settings, context).idempotency_key(one) for one in (first, first, other)]
        elsewhere = self._made(self.settings, replace(context, name="another")).idempotency_key(first)

        assert keys[0] == keys[1], "a retry after a restart must be recognised"
        assert len({keys[0], keys[2], elsewhere}) == 3, "different deliveries have different keys"

    def test_closing_leaves_no_thread_and_no_socket_behind(self, context: Context, reachable: Mapping[str, Any]) -> None:
        before = _processes.threads_and_sockets()
        used, unused = self._made(reachable, context), self._made(reachable, context)

        used.send(Notification.sample())
        used.close()
        unused.close()

        assert _processes.new_since(before, patience_seconds=min(self.time_limit_seconds, 5.0)) == set()

    def _valid(self, settings: Mapping[str, Any]) -> Settings:
        return self.action.settings_model.model_validate(settings)

    def _made(self, settings: Mapping[str, Any], context: Context) -> Action[Any]:
        return self.action(self._valid(settings), context)

    def _shows_a_secret(self, text: str, settings: Settings) -> bool:
        # Shorter ones may stand in a text by chance.
        return any(
            secret.literal and len(secret.resolve()) > 3 and secret.resolve() in text for secret in _models.secrets_in(settings)
        )


def _faults(model: type[Any], values: Mapping[str, Any]) -> set[str]:
    """The kinds of fault that pydantic finds in some values."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return {fault["type"] for fault in error.errors()}
    return set()
