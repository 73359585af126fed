"""What every component must be, whatever its kind: the tests that are needed for bronze."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import tomli_w
from pydantic import ValidationError

from alert_core._registry import check_component
from alert_core.components import Action, Component, Condition, Context, EventSource, Format
from alert_core.forms import form_for
from alert_core.plugins import Plugins
from alert_core.settings import Secret, Settings
from alert_core.tables import ActionKeys, ConditionKeys, FormatKeys, SourceKeys
from alert_core.testing import _models, _processes

__all__ = ["ComponentConformance", "ShapeConformance", "shows_a_secret"]

_SECRET_NAME = re.compile(r"(.*_)?(password|passwd|passphrase|secret|token|credentials?|(api|auth|private|privacy)_key)")

_KINDS: Mapping[str, tuple[type[Component[Any]], type[Settings]]] = {
    "action": (Action, ActionKeys),
    "condition": (Condition, ConditionKeys),
    "source": (EventSource, SourceKeys),
    "format": (Format, FormatKeys),
}


class ShapeConformance:
    """The tests that need nothing but the class.

    Attributes:
        kind: `action`, `condition`, `source` or `format`; the class under test is the attribute of that name.
    """

    kind: ClassVar[str]

    @classmethod
    def component(cls) -> type[Component[Any]]:
        """The class under test."""
        found: type[Component[Any]] = getattr(cls, cls.kind)
        return found

    def test_name_label_and_settings_have_the_shape_that_the_core_expects(self) -> None:
        base, keys = _KINDS[self.kind]

        check_component(self.component(), base, frozenset(keys.model_fields))

        assert self.component().label.isprintable(), "the label is one line"
        assert self.component().help.strip(), "give the class a docstring, or set help"

    def test_it_is_offered_through_an_entry_point(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ALERT_PLUGINS_ONLY", raising=False)
        monkeypatch.delenv("ALERT_PLUGINS_BLOCK", raising=False)

        offered = getattr(Plugins.load(), f"{self.kind}s").find(self.component().name)

        assert offered is self.component()

    def test_registration_imports_nothing_heavy(self) -> None:
        heavy = _processes.heavy_imports(self.component().__module__)

        assert heavy == [], f"import these inside the function that needs them: {', '.join(heavy)}"

    def test_every_setting_has_a_title_and_a_description(self) -> None:
        bare = [
            f"{model.__name__}.{name}"
            for model in self._models()
            for name, field in model.model_fields.items()
            if not (field.title and field.description)
        ]

        assert bare == [], f"write Field(title=..., description=...) for {', '.join(bare)}"

    def test_unknown_keys_are_refused(self) -> None:
        lax = [model.__name__ for model in self._models() if "extra_forbidden" not in _faults(model, {"no-such-setting": True})]

        assert lax == [], f"derive these from alert_core.Settings: {', '.join(lax)}"

    def test_settings_that_nobody_may_see_are_secrets(self) -> None:
        bare = [
            f"{model.__name__}.{name}"
            for model in self._models()
            for name, field in model.model_fields.items()
            if _SECRET_NAME.fullmatch(name) and str in (types := _models.types_in(field.annotation)) and Secret not in types
        ]

        assert bare == [], f"use alert_core.Secret, not str, for {', '.join(bare)}"

    def test_form_asks_for_every_setting(self) -> None:
        pages = form_for(self.component()).pages

        asked = {page.name for page in pages if page.name} | {field.name for page in pages for field in page.fields}
        assert set(self.component().settings_model.model_fields) - asked == set()

    def _models(self) -> list[type[Any]]:
        return list(_models.all_models(self.component().settings_model))


class ComponentConformance(ShapeConformance):
    """The tests that need valid settings as well.

    Attributes:
        settings: Valid settings, as they would stand in `alert.toml`.
        time_limit_seconds: How long something may take that cannot succeed.
    """

    settings: ClassVar[Mapping[str, Any]] = {}
    time_limit_seconds: ClassVar[float] = 30.0

    @pytest.fixture
    def context(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
        """What the core would hand over; relative paths lead into a temporary folder, its own folders are not made yet."""
        monkeypatch.chdir(tmp_path)
        return Context(
            name="conformance",
            state_folder=tmp_path / "state",
            program_folder=tmp_path / "bin",
            formats=Plugins.load().formats,
        )

    def test_settings_survive_being_saved_as_toml(self) -> None:
        settings = self.validated(self.settings)

        saved = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))

        assert self.validated(tomllib.loads(saved)) == settings

    def test_secrets_are_not_shown(self, context: Context) -> None:
        settings = self.validated(self.settings)
        with pytest.raises(ValidationError) as refused:
            self.validated({**self.settings, "no-such-setting": True})

        shown = f"{settings!r} {settings} {self.made(self.settings, context)!r} {refused.value}"

        assert not shows_a_secret(shown, settings), "a secret stands in a text"

    def test_constructor_does_no_input_or_output(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = self.validated(self.settings)

        with monkeypatch.context() as patch:
            calls = _processes.refuse_io(patch)
            self.component()(settings, context)

        assert calls == [], f"do this on first use, not in the constructor: {', '.join(calls)}"
        assert not context.state_folder.exists(), "make the state folder on first use, not in the constructor"

    def validated(self, settings: Mapping[str, Any]) -> Settings:
        """Settings as the component gets them."""
        return self.component().settings_model.model_validate(settings)

    def made(self, settings: Mapping[str, Any], context: Context) -> Any:
        """An instance, as the core makes it."""
        return self.component()(self.validated(settings), context)


def shows_a_secret(text: str, settings: Settings) -> bool:
    """Whether the value of any secret in some settings stands in a text."""
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
