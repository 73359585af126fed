from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alert_exec import ExecAction, ExecSettings

VALID: dict[str, Any] = {"program": "block.sh", "arguments": ["--mode", "a b; c"], "environment": {"TOKEN": "s3cret-token"}}


@pytest.mark.parametrize("name", ["block.sh", "Block User.cmd", "wächter"])
def test_a_bare_file_name_is_taken(name: str) -> None:
    assert ExecSettings(program=name).program == name


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"program": ""}, "at least 1 character"),
        ({"program": "/bin/sh"}, "bare file name"),
        ({"program": "../sh"}, "bare file name"),
        ({"program": "sub/block.sh"}, "bare file name"),
        ({"program": "..\\block.cmd"}, "bare file name"),
        ({"program": ".."}, "visible file"),
        ({"program": ".hidden"}, "visible file"),
        ({"program": "-rf"}, "visible file"),
        ({"program": "block.sh\0.txt"}, "visible file"),
        ({"program": "block\n.sh"}, "visible file"),
        ({"program": "x" * 256}, "visible file"),
        ({"arguments": "--mode on"}, "valid tuple"),
        ({"arguments": ["a\0b"]}, "must not contain NUL"),
        ({"environment": {"PATH": "/tmp"}}, "set by the action itself"),
        ({"environment": {"ALERT_ID": "1"}}, "set by the action itself"),
        ({"environment": {"A=B": "1"}}, "letters, digits and underscores"),
        ({"time_limit_seconds": 0}, "greater than 0"),
        ({"memory_limit_megabytes": -1}, "greater than or equal to 0"),
        ({"shell": True}, "Extra inputs"),
    ],
)
def test_a_broken_setting_is_refused_with_the_reason(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ExecSettings.model_validate({**VALID, **change})


def test_no_secret_shows_in_the_settings() -> None:
    assert "s3cret-token" not in repr(ExecSettings.model_validate(VALID))


def test_every_setting_says_what_it_is() -> None:
    fields = ExecSettings.model_json_schema()["properties"]

    assert [name for name, field in fields.items() if not (field.get("title") and field.get("description"))] == []


def test_the_type_introduces_itself() -> None:
    assert (ExecAction.name, ExecAction.label) == ("exec", "Executable")
    assert ExecAction.help
    assert ExecAction.instructions
