"""Notifications as e-mail, through the mail server of your choice."""

from __future__ import annotations

from alert_email.plugin import EmailAction
from alert_email.settings import EmailSettings

__all__ = ["EmailAction", "EmailSettings"]
