"""The pure, deterministic heart: (configuration, state, events, time) -> firings."""

from __future__ import annotations

from alert_core.engine.engine import Engine
from alert_core.engine.filters import Filter, compile_filter

__all__ = ["Engine", "Filter", "compile_filter"]
