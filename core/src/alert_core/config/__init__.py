"""Reading, checking and describing the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alert_core._lazy import fetching

if TYPE_CHECKING:
    from alert_core.config._documents import Documents, read_documents
    from alert_core.config._faults import did_you_mean
    from alert_core.config.checking import Finding, check
    from alert_core.config.loading import load, load_typed
    from alert_core.config.options import plugin_options, store_options
    from alert_core.config.values import ActionConfig, ConditionConfig, Config, FormatConfig, SourceConfig, StoreConfig

__all__ = [
    "ActionConfig",
    "ConditionConfig",
    "Config",
    "Documents",
    "Finding",
    "FormatConfig",
    "SourceConfig",
    "StoreConfig",
    "check",
    "did_you_mean",
    "load",
    "load_typed",
    "plugin_options",
    "read_documents",
    "store_options",
]

if not TYPE_CHECKING:
    __getattr__ = fetching(__name__, __all__, ("_documents", "_faults", "values", "options", "loading", "checking"))
