"""`alert check`: is the configuration right, and would it work."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alert_core.cli._common import (
    FAILED,
    USAGE,
    Command,
    config_option,
    configured,
    console,
    json_option,
    print_json,
    printable,
)
from alert_core.errors import ConfigError

if TYPE_CHECKING:
    from alert_core.config import Config, Finding

__all__ = ["check"]

_SHOWN = 20
"""How many findings that say the same are shown; thousands of conditions may have one fault in common."""


@click.command(cls=Command)
@config_option
@json_option
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings as well.")
def check(config_path: Path, as_json: bool, strict: bool) -> None:
    """Read the configuration and look for what would silently not work.

    Exits with 0 when it will work, with 1 when it is valid and something in it will not work, with 2 when it is not valid.
    """
    try:
        config, plugins = configured(config_path, complete=False)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"valid": False, "errors": [_as_dict(single) for single in error.errors], "findings": []})
        raise SystemExit(USAGE) from error
    from alert_core.config import check as look

    findings = look(config, plugins)
    if as_json:
        print_json({"valid": True, "errors": [], "findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        _draw(config, findings)
    if any(strict or finding.severity == "error" for finding in findings):
        raise SystemExit(FAILED)


def _as_dict(error: ConfigError) -> dict[str, str]:
    return {"file": error.file, "key": error.key, "text": error.problem, "hint": error.hint}


def _draw(config: Config, findings: Sequence[Finding]) -> None:
    if findings:
        _draw_table(findings)
    errors = sum(finding.severity == "error" for finding in findings)
    parts = ", ".join(
        _counted(len(tables), name)
        for name, tables in (("source", config.sources), ("condition", config.conditions), ("action", config.actions))
    )
    verdict = f"{_counted(errors, 'error')}, {_counted(len(findings) - errors, 'warning')}" if findings else "nothing is wrong"
    click.echo(f"{parts}: {verdict}")


def _draw_table(findings: Sequence[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    alike = Counter((finding.severity, finding.text, finding.hint) for finding in findings)
    shown: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        kind = (finding.severity, finding.text, finding.hint)
        shown[kind] += 1
        style = "bold red" if finding.severity == "error" else "yellow"
        words = finding.text + (f"; {finding.hint}" if finding.hint else "")
        if shown[kind] <= _SHOWN:
            table.add_row(Text(finding.severity, style=style), printable(f"{finding.key}: {words}"))
        elif shown[kind] == alike[kind]:
            more = f"... and {alike[kind] - _SHOWN:,} more like the last: {words} (--json names them)"
            table.add_row(Text(finding.severity, style=style), printable(more))
    console().print(table)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
