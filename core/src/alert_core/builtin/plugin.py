"""The hooks of the built-in plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alert_core import Condition, Format, hookimpl
from alert_core.builtin.json import JsonFormat
from alert_core.builtin.pattern import PatternFormat
from alert_core.builtin.threshold import ThresholdCondition


@hookimpl
def alert_register_formats() -> Sequence[type[Format[Any]]]:
    return [JsonFormat, PatternFormat]


@hookimpl
def alert_register_conditions() -> Sequence[type[Condition[Any]]]:
    return [ThresholdCondition]
