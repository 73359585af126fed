"""Events from TippingPoint's Security Management System and devices."""

from __future__ import annotations

from alert_tippingpoint.format import TippingPointFormat
from alert_tippingpoint.settings import TippingPointSettings

__all__ = ["TippingPointFormat", "TippingPointSettings"]
