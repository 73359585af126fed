"""Reading, checking and describing the configuration."""

from __future__ import annotations

from alert_core.config.values import ActionConfig, ConditionConfig, Config, FormatConfig, SourceConfig, StoreConfig

__all__ = ["ActionConfig", "ConditionConfig", "Config", "FormatConfig", "SourceConfig", "StoreConfig"]
