"""Notifications that run a program."""

from __future__ import annotations

from alert_exec.plugin import ExecAction
from alert_exec.settings import ExecSettings

__all__ = ["ExecAction", "ExecSettings"]
