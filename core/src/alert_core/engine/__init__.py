"""The pure, deterministic heart: (configuration, state, events, time) -> firings."""

from __future__ import annotations

from alert_core.engine.engine import Engine

__all__ = ["Engine"]
