"""What `alert plugins --check` says about quality levels."""

from __future__ import annotations

import importlib
import importlib.util
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alert_core.cli._common import console, printable
from alert_core.errors import PluginError

if TYPE_CHECKING:
    from alert_core.plugins import PluginReport
    from alert_core.testing.levels import Report

__all__ = ["LEVEL_NAMES", "KitMissingError", "draw_levels", "find_levels", "reaches"]

LEVEL_NAMES = ("bronze", "silver", "gold")

_KINDS = ("source", "format", "condition", "action")
_STYLES = {"bronze": "yellow", "silver": "bold", "gold": "bold green", "none": "bold red"}


class KitMissingError(PluginError):
    """The test kit cannot be used here."""


def find_levels(report: PluginReport) -> list[Report]:
    """Try every component of a plugin; takes seconds, and more where a network is waited for.

    Raises:
        KitMissingError: pytest is not installed.
        PluginError: The plugin's conformance class cannot be used.
    """
    if importlib.util.find_spec("pytest") is None:
        problem = "its level was not looked at, because pytest is not installed; pip install 'alert-core[testing]'"
        raise KitMissingError(problem, plugin=report.name)
    # By name, because nothing in the core may need the test kit, which needs pytest.
    checking = importlib.import_module("alert_core.testing.checking")
    types = [(kind, name) for kind in _KINDS for name in report.types.get(kind, ())]
    with console(stderr=True).status(f"trying {printable(report.name)} ..."):
        found: list[Report] = checking.levels_of_plugin(types, distribution=report.distribution)
    return found


def reaches(report: Report, wanted: str) -> bool:
    """Whether a component has a level or a higher one."""
    return report.level is not None and LEVEL_NAMES.index(report.level) >= LEVEL_NAMES.index(wanted)


def draw_levels(reports: Sequence[Report]) -> None:
    """Print a table of levels, then what is missing, then what authors say does not apply."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Component", "Level", *(name.capitalize() for name in LEVEL_NAMES)):
        table.add_column(heading)
    for report in reports:
        level = report.level or "none"
        counts = [_count(report, name) for name in LEVEL_NAMES]
        table.add_row(printable(f"{report.kind} {report.name}"), Text(level, style=_STYLES[level]), *counts)
    out = console()
    out.print()
    out.print(table)
    for report in reports:
        for line in _notes(report):
            out.print(f"{report.kind} {report.name}: {line}", soft_wrap=True)


def _count(report: Report, level: str) -> str:
    checks = [check for check in report.checks if check.level == level]
    return f"{sum(check.counts for check in checks)} of {len(checks)}" if checks else "not tried"


def _notes(report: Report) -> list[str]:
    """Why the level is not a higher one, and what is left out by the author's word."""
    spared = Counter(check.reason for check in report.checks if check.outcome == "spared")
    words = [f"{count} {'test does' if count == 1 else 'tests do'} not apply: {reason}" for reason, count in spared.items()]
    return [printable(line) for line in (*report.reasons, *words)]
