"""What the commands share: the option that names the configuration, exit codes, and text that cannot harm a terminal.

Exit codes: 0 all is well, 1 something was found or failed, 2 the command or the configuration is wrong.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from alert_core.errors import AlertError, ConfigError, PluginError

if TYPE_CHECKING:
    from rich.console import Console

    from alert_core.config import Config, Documents
    from alert_core.plugins import Plugins

__all__ = [
    "FAILED",
    "USAGE",
    "Command",
    "CommandError",
    "ConfigurationError",
    "Group",
    "config_option",
    "configured",
    "console",
    "default_config",
    "installed",
    "json_option",
    "local_time",
    "print_json",
    "print_line",
    "printable",
    "shown_errors",
    "undisturbed",
]

FAILED = 1
USAGE = 2


class CommandError(click.ClickException):
    """One of our errors on its way to the terminal: its lines, without a traceback."""

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        """Print one line per fault on the error stream."""
        for line in self.message.split("\n"):
            click.echo(f"error: {printable(line)}", file=file, err=True)


class ConfigurationError(CommandError):
    """One that the person at the keyboard can repair in a file."""

    exit_code = USAGE


@contextmanager
def shown_errors() -> Iterator[None]:
    """Turn errors of the framework into messages and exit codes."""
    try:
        yield
    except (ConfigError, PluginError) as error:
        raise ConfigurationError(str(error)) from error
    except AlertError as error:
        raise CommandError(str(error)) from error


class Command(click.Command):
    """A command whose errors are messages, not tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        with shown_errors():
            return super().invoke(ctx)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def default_config() -> Path:
    """`alert.toml` here, else the one of the system."""
    here, system = Path("alert.toml"), Path("/etc/alert/alert.toml")
    return system if system.exists() and not here.exists() else here


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--config`; the command gets it as `config_path`."""
    return click.option(
        "-c",
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        envvar="ALERT_CONFIG",
        default=default_config,
        help="The configuration: a file, or the folder of alert.toml. Default: $ALERT_CONFIG, else ./alert.toml, "
        "else /etc/alert/alert.toml.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`; the command gets it as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Look for no garbage while modules are imported, and later not among what they made.

    All of it stays until the end, when Python would look through it once more; together that is a tenth of what a person
    waits for.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            # Only the first time, when there is nothing else: what is frozen never goes, as an old configuration must.
            if not gc.get_freeze_count():
                gc.freeze()
            gc.enable()


@undisturbed()
def installed(path: Path, *, require: bool = True, complete: bool = True) -> Plugins:
    """The plugins as the configuration wants them; all of them when there is no configuration.

    Args:
        path: The configuration.
        require: Whether to insist on `plugins.require`.
        complete: Whether the settings models of all of them are built now; see `Plugins.load`.
    """
    from alert_core.plugins import Plugins

    if not path.exists():
        return Plugins.load(complete=complete)
    from alert_core.config import read_documents

    return _wanted(read_documents(path), require=require, complete=complete)


def _wanted(documents: Documents, *, require: bool = True, complete: bool = True) -> Plugins:
    from alert_core.config import plugin_options
    from alert_core.plugins import Plugins

    options = plugin_options(documents)
    return Plugins.load(only=options.only, block=options.block, require=options.require if require else (), complete=complete)


@undisturbed()
def configured(path: Path, *, complete: bool = True) -> tuple[Config, Plugins]:
    """The configuration and the plugins that it uses.

    Args:
        path: The configuration.
        complete: Whether the settings models of all plugins are built now, for who also uses types that the configuration
            does not name, as the format `auto` does; else only those of the types that it names.

    Raises:
        ConfigError: It is missing or wrong.
    """
    from alert_core.config import load, read_documents

    # Once for both, since thousands of conditions take more than a second to read.
    documents = read_documents(path)
    plugins = _wanted(documents, complete=complete)
    return load(documents, plugins), plugins


def printable(text: object) -> str:
    """Text that may come from anyone, with everything that could steer a terminal escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "replace").decode("ascii")
        for character in str(text)
    )


def local_time(moment: datetime) -> datetime:
    """A time as the clock on the wall shows it; unchanged at the edges of the calendar, where senders may put it."""
    try:
        return moment.astimezone()
    except (OverflowError, ValueError):
        return moment


def print_json(value: Any) -> None:
    """Print JSON that a terminal cannot misunderstand either: all beyond ASCII is escaped."""
    click.echo(json.dumps(value, indent=2, default=str))


def print_line(line: str) -> None:
    """Print one line at once, for who follows the output. Escaping is the caller's business."""
    click.echo(line)
    sys.stdout.flush()


def console(*, stderr: bool = False) -> Console:
    """Where tables are drawn. Nothing in a text counts as markup."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False, stderr=stderr)
