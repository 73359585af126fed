"""The test kit for plugins, shipped in the wheel: derive a test class from `ActionConformance`, and pytest does the rest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alert_core.testing.action import ActionConformance
    from alert_core.testing.checking import level_of
    from alert_core.testing.condition import ConditionConformance
    from alert_core.testing.format import FormatConformance
    from alert_core.testing.levels import Check, Level, Report, gold, silver
    from alert_core.testing.source import SourceConformance

__all__ = [
    "ActionConformance",
    "Check",
    "ConditionConformance",
    "FormatConformance",
    "Level",
    "Report",
    "SourceConformance",
    "gold",
    "level_of",
    "silver",
]

_MODULES = {
    "ActionConformance": "action",
    "Check": "levels",
    "ConditionConformance": "condition",
    "FormatConformance": "format",
    "Level": "levels",
    "Report": "levels",
    "SourceConformance": "source",
    "gold": "levels",
    "level_of": "checking",
    "silver": "levels",
}


def __getattr__(name: str) -> Any:
    # On first use: pytest imports this package wherever the core is installed, also for tests that have nothing to do with it.
    if name in _MODULES:
        return getattr(importlib.import_module(f"alert_core.testing.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
