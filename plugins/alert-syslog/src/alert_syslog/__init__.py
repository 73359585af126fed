"""Notifications as syslog messages, over UDP, TCP or TLS."""

from __future__ import annotations

from alert_syslog.plugin import SyslogAction
from alert_syslog.settings import SyslogSettings

__all__ = ["SyslogAction", "SyslogSettings"]
