"""Which distribution brings a type that is asked for but not installed.

Only names and distributions: the core knows no channel. A new first-party distribution adds a line here.
"""

from __future__ import annotations

__all__ = ["KNOWN"]

KNOWN = {
    "alertmanager": "alert-web",
    "email": "alert-email",
    "exec": "alert-exec",
    "falco": "alert-web",
    "file": "alert-file",
    "sepm": "alert-sepm",
    "snmp": "alert-snmp",
    "syslog": "alert-syslog",
    "tippingpoint": "alert-tippingpoint",
    "web": "alert-web",
}
