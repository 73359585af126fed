"""Notifications as syslog messages, and syslog messages as events, over UDP, TCP or TLS."""

from __future__ import annotations

from alert_syslog.plugin import SyslogAction
from alert_syslog.settings import SyslogSettings
from alert_syslog.source import SyslogSource
from alert_syslog.source_settings import SyslogSourceSettings

__all__ = ["SyslogAction", "SyslogSettings", "SyslogSource", "SyslogSourceSettings"]
