"""The command `alert`. Commands are imported when they are used, so that the program starts quickly."""

from __future__ import annotations

import importlib
import logging

import click

from alert_core.cli._common import shown_errors, undisturbed

__all__ = ["main"]

# Name -> (module in this package, attribute, what the overview says).
_COMMANDS = {
    "ack": ("ack", "ack", "Acknowledge notifications."),
    "action": ("actions", "action", "Try out the configured actions."),
    "check": ("check", "check", "Check the configuration, also for faults that would stay silent."),
    "condition": ("conditions", "condition", "Look into the configured conditions."),
    "events": ("events", "events", "Show how records are understood: the place to begin."),
    "log": ("log", "log", "List, show and export notifications."),
    "new-plugin": ("new_plugin", "new_plugin", "Write the files of a new plugin, with an example that works."),
    "plugins": ("plugins", "plugins", "List the installed plugins and what is wrong with them."),
    "replay": ("replay", "replay", "Show what the conditions decide about recorded events, without telling anyone."),
    "run": ("run", "run", "Watch the sources and notify."),
    "schema": ("schema", "schema", "Print the JSON Schema of the configuration file."),
}


class _Commands(click.Group):
    """The core's commands and those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, sorted."""
        return sorted({*_COMMANDS, *self._plugged()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return self._plugged().get(cmd_name)
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"alert_core.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, without importing the core's commands."""
        plugged = {name: command.get_short_help_str(limit=100) for name, command in self._plugged().items()}
        rows = sorted({**plugged, **{name: text for name, (_, _, text) in _COMMANDS.items()}}.items())
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _plugged(self) -> dict[str, click.Command]:
        with shown_errors(), undisturbed():
            from alert_core.plugins import Plugins

            return dict(Plugins.load(types=False).commands())


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="alert-core", prog_name="alert")
@click.option("-v", "--verbose", count=True, help="Say more about what happens; twice for everything.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def main(verbose: int, quiet: bool) -> None:
    """Turn security events into notifications that provably reach people and machines.

    Start with `alert demo`. Exit codes: 0 all is well, 1 something was found or failed, 2 the command or the configuration is
    wrong.
    """
    level = logging.ERROR if quiet else {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
