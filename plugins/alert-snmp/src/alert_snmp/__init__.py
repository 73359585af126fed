"""Notifications as SNMP traps and informs, and events from those of others."""

from __future__ import annotations

from alert_snmp.plugin import SnmpAction
from alert_snmp.settings import SnmpSettings

__all__ = ["SnmpAction", "SnmpSettings"]
