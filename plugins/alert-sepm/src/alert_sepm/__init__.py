"""Symantec Endpoint Protection Manager: its logs and critical events, and notifications posted into it."""

from __future__ import annotations

from alert_sepm.format import SepmFormat
from alert_sepm.settings import SepmFormatSettings

__all__ = ["SepmFormat", "SepmFormatSettings"]
