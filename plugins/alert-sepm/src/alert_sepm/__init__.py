"""Symantec Endpoint Protection Manager: its logs and critical events, and notifications posted into it."""

from __future__ import annotations

from alert_sepm.action import SepmAction
from alert_sepm.format import SepmFormat
from alert_sepm.settings import SepmActionSettings, SepmFormatSettings, SepmSourceSettings
from alert_sepm.source import SepmSource

__all__ = ["SepmAction", "SepmActionSettings", "SepmFormat", "SepmFormatSettings", "SepmSource", "SepmSourceSettings"]
