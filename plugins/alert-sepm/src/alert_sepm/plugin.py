"""The hooks of this distribution."""

from __future__ import annotations

from alert_core import hookimpl
from alert_sepm.action import SepmAction
from alert_sepm.format import SepmFormat
from alert_sepm.source import SepmSource


@hookimpl
def alert_register_actions() -> list[type[SepmAction]]:
    """Offer the action."""
    return [SepmAction]


@hookimpl
def alert_register_formats() -> list[type[SepmFormat]]:
    """Offer the format."""
    return [SepmFormat]


@hookimpl
def alert_register_sources() -> list[type[SepmSource]]:
    """Offer the source."""
    return [SepmSource]
