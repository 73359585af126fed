"""The hooks of the built-in plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alert_core import Condition, Format, hookimpl


@hookimpl
def alert_register_formats() -> Sequence[type[Format[Any]]]:
    return []


@hookimpl
def alert_register_conditions() -> Sequence[type[Condition[Any]]]:
    return []
