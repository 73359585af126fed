"""`alert condition`: look into the configured conditions."""

from __future__ import annotations

from pathlib import Path

import click

from alert_core.cli._common import Group, config_option, configured, print_line, printable

__all__ = ["condition"]


@click.group(cls=Group)
def condition() -> None:
    """Look into the configured conditions."""


@condition.command()
@click.argument("name")
@config_option
def explain(name: str, config_path: Path) -> None:
    """Print the code that is generated for a condition: what an event passes until it is counted."""
    config, _ = configured(config_path, complete=False)
    from alert_core.config import did_you_mean
    from alert_core.engine import Engine
    from alert_core.errors import ConfigError

    if name not in config.conditions:
        raise ConfigError(f"there is no condition {name!r}", hint=did_you_mean(name, config.conditions, "conditions"))
    for line in Engine(list(config.conditions.values())).explain(name).splitlines():
        print_line(printable(line))
