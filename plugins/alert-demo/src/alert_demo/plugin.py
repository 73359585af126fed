"""The command `alert demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alert_core import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def alert_register_commands() -> list[click.Command]:
    """Offer the command."""
    from alert_demo.cli import demo

    return [demo]
