"""The hooks of the built-in plugin. What it offers is imported when it is asked for, as in any plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alert_core.hooks import hookimpl

if TYPE_CHECKING:
    from alert_core.components import Condition, Format


@hookimpl
def alert_register_formats() -> Sequence[type[Format[Any]]]:
    """Offer the formats that need nothing else."""
    from alert_core.builtin.auto import AutoFormat
    from alert_core.builtin.cef import CefFormat
    from alert_core.builtin.csv import CsvFormat
    from alert_core.builtin.json import JsonFormat
    from alert_core.builtin.leef import LeefFormat
    from alert_core.builtin.lines import NetfilterFormat, SshdFormat
    from alert_core.builtin.mappings import EcsFormat, EveFormat, OcsfFormat
    from alert_core.builtin.pattern import PatternFormat
    from alert_core.builtin.syslog import SyslogFormat

    return [
        AutoFormat, CefFormat, CsvFormat, EcsFormat, EveFormat, JsonFormat, LeefFormat, NetfilterFormat, OcsfFormat,
        PatternFormat, SshdFormat, SyslogFormat,
    ]  # fmt: skip


@hookimpl
def alert_register_conditions() -> Sequence[type[Condition[Any]]]:
    """Offer what can be made of settings alone."""
    from alert_core.builtin.threshold import ThresholdCondition

    return [ThresholdCondition]
