"""`alert schema`: the JSON Schema of the configuration, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from alert_core.cli._common import Command, config_option, installed, print_json

__all__ = ["schema"]


@click.command(cls=Command)
@config_option
def schema(config_path: Path) -> None:
    """Print the JSON Schema of alert.toml, with everything that the installed plugins add."""
    from alert_core.schema import schema_for

    print_json(schema_for(installed(config_path)))
