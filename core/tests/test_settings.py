from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from alert_core import Secret, SecretError, Settings


class DoorSettings(Settings):
    name: str = Field(title="Name", description="Which door.")
    key: Secret | None = Field(None, title="Key", description="What opens it.")


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError):
        DoorSettings.model_validate({"name": "x", "nmae": "y"})


def test_settings_cannot_be_changed() -> None:
    settings = DoorSettings(name="x")

    with pytest.raises(ValidationError):
        settings.name = "y"  # type: ignore[misc]


def test_input_is_not_repeated_in_errors() -> None:
    with pytest.raises(ValidationError) as caught:
        DoorSettings.model_validate({"name": "x", "key": ["hunter2"]})

    assert "hunter2" not in str(caught.value)


def test_secret_shows_neither_in_text_nor_in_the_settings() -> None:
    settings = DoorSettings(name="x", key=Secret("hunter2"))

    assert str(settings.key) == repr(settings.key) == "Secret('***')"
    assert "hunter2" not in repr(settings)
    assert repr(Secret({"env": "KEY"})) == "Secret({'env': 'KEY'})"


@pytest.mark.parametrize("reference", ["hunter2", {"env": "KEY"}, {"file": "/x"}, {"vault": "a/b"}])
def test_secret_saves_as_it_was_written(reference: str | dict[str, str]) -> None:
    settings = DoorSettings.model_validate({"name": "x", "key": reference})

    assert settings.model_dump()["key"] == reference
    assert DoorSettings.model_validate(settings.model_dump()) == settings


@pytest.mark.parametrize("reference", ["", 1, [], {}, {"env": 1}, {"env": "A", "file": "B"}])
def test_what_is_no_reference_is_refused(reference: object) -> None:
    with pytest.raises(ValidationError, match="must be a non-empty string"):
        DoorSettings.model_validate({"name": "x", "key": reference})


def test_literal_resolves_to_itself() -> None:
    assert Secret("hunter2").resolve() == "hunter2"


def test_environment_is_asked_when_the_secret_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret({"env": "ALERT_DOOR_KEY"})

    monkeypatch.setenv("ALERT_DOOR_KEY", "hunter2")

    assert secret.resolve() == "hunter2"


def test_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2 \r\n")

    assert Secret({"file": str(tmp_path / "key")}).resolve() == "hunter2 "


def test_plugin_is_asked_for_any_other_kind() -> None:
    asked: list[Mapping[str, str]] = []

    value = Secret({"vault": "a/b"}).resolve(lambda reference: asked.append(reference) or "opened")  # type: ignore[func-returns-value]

    assert (value, asked) == ("opened", [{"vault": "a/b"}])


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"env": "ALERT_NOWHERE"}, "environment variable 'ALERT_NOWHERE' is not set; set it where alert runs"),
        (
            {"file": "/nowhere/key"},
            "cannot read secret file '/nowhere/key': No such file or directory; check its path and permissions",
        ),
        ({"vault": "a"}, "no plugin resolves a secret of kind 'vault'; use env, file, or install the plugin for it"),
    ],
)
def test_reference_that_leads_nowhere_is_an_error_without_a_value(reference: dict[str, str], message: str) -> None:
    with pytest.raises(SecretError) as caught:
        Secret(reference).resolve(lambda reference: None)

    assert str(caught.value) == message


def test_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff")

    with pytest.raises(SecretError, match=r"cannot read secret file .*: UnicodeDecodeError"):
        Secret({"file": str(tmp_path / "key")}).resolve()


def test_equal_secrets_are_equal() -> None:
    assert Secret({"env": "A"}) == Secret({"env": "A"})
    assert hash(Secret({"env": "A"})) == hash(Secret({"env": "A"}))
    assert Secret("a") != Secret("b")
