"""The hooks of the built-in plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alert_core import Condition, Format, hookimpl
from alert_core.builtin.auto import AutoFormat
from alert_core.builtin.cef import CefFormat
from alert_core.builtin.csv import CsvFormat
from alert_core.builtin.json import JsonFormat
from alert_core.builtin.leef import LeefFormat
from alert_core.builtin.lines import NetfilterFormat, SshdFormat
from alert_core.builtin.mappings import EcsFormat, EveFormat, OcsfFormat
from alert_core.builtin.pattern import PatternFormat
from alert_core.builtin.syslog import SyslogFormat
from alert_core.builtin.threshold import ThresholdCondition


@hookimpl
def alert_register_formats() -> Sequence[type[Format[Any]]]:
    return [
        AutoFormat, CefFormat, CsvFormat, EcsFormat, EveFormat, JsonFormat, LeefFormat, NetfilterFormat, OcsfFormat,
        PatternFormat, SshdFormat, SyslogFormat,
    ]  # fmt: skip


@hookimpl
def alert_register_conditions() -> Sequence[type[Condition[Any]]]:
    return [ThresholdCondition]
