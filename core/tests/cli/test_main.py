"""The command `alert` itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from alert_core.cli.main import main


def test_the_overview_names_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    for name in ("ack", "action", "check", "condition", "log", "plugins", "replay", "run", "schema"):
        assert f"\n  {name} " in result.output


@pytest.mark.parametrize(
    "command",
    ["ack", "action", "action test", "check", "condition explain", "log", "log list", "plugins", "replay", "run", "schema"],
)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")


def test_it_says_its_version() -> None:
    result = CliRunner().invoke(main, ["--version"])

    assert result.output == f"alert, version {version('alert-core')}\n"


def test_an_unknown_command_is_an_error_of_code_2() -> None:
    result = CliRunner().invoke(main, ["rum"])

    assert result.exit_code == 2
    assert "No such command 'rum'" in result.output


def test_a_plugin_brings_a_command(fake_distribution: Callable[..., None]) -> None:
    fake_distribution(
        "alert-hello",
        """
        import click
        from alert_core import hookimpl

        @click.command()
        def hello():
            "Say hello."
            click.echo("hello, world")

        @hookimpl
        def alert_register_commands():
            return [hello]
        """,
    )

    assert "Say hello." in CliRunner().invoke(main, ["--help"]).output
    assert CliRunner().invoke(main, ["hello"]).output == "hello, world\n"


def test_without_a_configuration_it_says_which_one_it_looked_for(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))

    result = CliRunner().invoke(main, ["run", "--config", "absent.toml"])

    assert result.exit_code == 2
    assert "absent.toml" in result.stderr


def test_the_module_is_the_command() -> None:
    result = subprocess.run([sys.executable, "-m", "alert_core", "--version"], capture_output=True, text=True, check=True)

    assert result.stdout.startswith("alert, version ")
