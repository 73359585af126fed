"""The conditions of a set as `alert.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w

from benchmarks.conditions import DAMPER_MINUTES, ConditionSpec, Filter

STORE = "store"
DATABASE = f"{STORE}/alert.db"
_SIGNS = {"ge": ">=", "lt": "<"}


def write(folder: Path, conditions: Sequence[ConditionSpec], *, events: Path, follow: bool = False, **more: Any) -> Path:
    """Write `alert.toml` with a file source and these conditions.

    Args:
        folder: Where to.
        conditions: They are named `c00000` and so on.
        events: The file to read.
        follow: Whether to wait for more at its end.
        **more: Further conditions, by name.
    """
    tables = {f"c{number:05d}": table(condition) for number, condition in enumerate(conditions)}
    config = {
        "store": {"folder": STORE},
        "sources": {"events": {"type": "file", "path": str(events), "follow": follow, "format": "json"}},
        "conditions": tables | more,
    }
    file = folder / "alert.toml"
    file.write_text(tomli_w.dumps(config), encoding="utf-8")
    return file


def table(condition: ConditionSpec) -> dict[str, Any]:
    """One `[conditions.<name>]` table."""
    return {
        "type": "threshold",
        "event_types": [condition.type],
        "where": {part.field: _filter(part) for part in condition.filters},
        "per": condition.per,
        "count": condition.count,
        "minutes": condition.minutes,
        "damper": DAMPER_MINUTES,
        "actions": [],
    }


def _filter(part: Filter) -> str | int:
    sign = _SIGNS.get(part.operator)
    return f"{sign}{part.value}" if sign else part.value
