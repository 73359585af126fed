"""Notifications as web requests."""

from __future__ import annotations

from alert_web.plugin import WebAction
from alert_web.settings import WebSettings

__all__ = ["WebAction", "WebSettings"]
