from __future__ import annotations

import tomllib
from textwrap import dedent
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from alert_core.plugins import Plugins
from alert_core.schema import schema_for

VALID = """
    [plugins]
    block = ["x"]

    [store]
    folder = "state"

    [defaults.post]
    host = "mx.example.net"
    timeout_seconds = 3

    [sources.gate]
    type = "feed"
    path = "x"
    format = { type = "lines", comment = ";" }

    [conditions.burst]
    type = "many"
    damper = "none"
    where = { severity = "critical" }
    actions = ["mail"]

    [actions.mail]
    type = "post"
    key = { env = "KEY" }
    login = { kind = "token", token = "x" }
"""


@pytest.fixture
def validator(plugins: Plugins) -> Any:
    schema = schema_for(plugins)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_valid_configuration_fits_the_schema(validator: Any) -> None:
    assert list(validator.iter_errors(tomllib.loads(dedent(VALID)))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[plugins]", "[plugin]"),
        ("folder", "foldr"),
        ("[defaults.post]", "[defaults.pots]"),
        ("timeout_seconds = 3", "timeout_seconds = 0"),
        ('type = "feed"', 'type = "fed"'),
        ('type = "lines"', 'type = "line"'),
        ("comment", "commnt"),
        ('"none"', '"never"'),
        ('"none"', "0"),
        ('["mail"]', '"mail"'),
        ('env = "KEY"', "env = 1"),
        ('kind = "token", token = "x"', 'kind = "token"'),
        ("gate", "'a b'"),
    ],
)
def test_breakage_does_not_fit_the_schema(old: str, new: str, validator: Any) -> None:
    broken = tomllib.loads(dedent(VALID.replace(old, new, 1)))

    assert list(validator.iter_errors(broken))


def test_schema_of_everything_installed_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema_for(Plugins.load()))
