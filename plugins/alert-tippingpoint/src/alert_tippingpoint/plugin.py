"""The hook of this distribution."""

from __future__ import annotations

from alert_core import hookimpl
from alert_tippingpoint.format import TippingPointFormat


@hookimpl
def alert_register_formats() -> list[type[TippingPointFormat]]:
    """Offer the format."""
    return [TippingPointFormat]
