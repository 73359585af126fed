"""The hooks of this distribution."""

from __future__ import annotations

from alert_core import hookimpl
from alert_sepm.format import SepmFormat


@hookimpl
def alert_register_formats() -> list[type[SepmFormat]]:
    """Offer the format."""
    return [SepmFormat]
