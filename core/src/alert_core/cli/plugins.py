"""`alert plugins`: what is installed, what it offers, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alert_core.cli._columns import draw_columns
from alert_core.cli._common import (
    FAILED,
    Command,
    config_option,
    console,
    installed,
    json_option,
    print_json,
    printable,
)
from alert_core.cli._levels import LEVEL_NAMES, KitMissingError, draw_levels, find_levels, reaches
from alert_core.errors import AlertError, ConfigError

if TYPE_CHECKING:
    from alert_core.plugins import PluginReport
    from alert_core.store import Fault
    from alert_core.testing.levels import Report

__all__ = ["plugins"]

_STYLES: dict[str, dict[str, Any]] = {
    "ok": {"fg": "green"},
    "broken": {"fg": "red", "bold": True},
    "conflict": {"fg": "red", "bold": True},
    "blocked": {"fg": "yellow"},
}


@click.command(cls=Command)
@config_option
@json_option
@click.option("--check", "name", metavar="NAME", help="Try one plugin out; exit with 1 unless it is ok and at least bronze.")
@click.option("--level", type=click.Choice(LEVEL_NAMES), help="With --check: the level that it must reach. Default: bronze.")
def plugins(config_path: Path, as_json: bool, name: str | None, level: str | None) -> None:
    """List the plugins with what they offer and what is wrong with them.

    With --check, the plugin's own conformance tests are run; they say which quality level it reaches, and why no higher one.
    """
    if level and name is None:
        raise click.UsageError("--level needs --check NAME")
    loaded = installed(config_path, require=False)
    # Asked now, so that plugins with bad commands are seen here and not only when one is typed.
    loaded.commands()
    reports = [report for report in loaded.reports if name in (None, report.name)]
    faults = [fault for fault in _faults(config_path) if name in (None, fault.plugin)]
    if not reports:
        raise ConfigError(f"no plugin is named {name!r}", hint="`alert plugins` lists them")
    sound = not faults and all(report.status == "ok" for report in reports)
    levels, obstacle = _levels(reports) if name is not None and sound else ([], None)
    if as_json:
        print_json(
            {
                "plugins": [dataclasses.asdict(report) for report in reports],
                "faults": [_as_dict(fault) for fault in faults],
                **({} if name is None else {"levels": [report.as_dict() for report in levels]}),
            }
        )
    else:
        _draw(reports, faults)
        if levels:
            draw_levels(levels)
    if obstacle is not None:
        click.echo(f"note: {printable(obstacle)}", err=True)
    # Without pytest nothing can be tried out, which only counts against a plugin of which a level is demanded.
    untried = obstacle is not None and (level is not None or not isinstance(obstacle, KitMissingError))
    if name is not None and (not sound or untried or not all(reaches(report, level or LEVEL_NAMES[0]) for report in levels)):
        raise SystemExit(FAILED)


def _levels(reports: Sequence[PluginReport]) -> tuple[list[Report], AlertError | None]:
    """How good a plugin's components are, or what kept that from being found out."""
    try:
        return [level for report in reports for level in find_levels(report)], None
    except AlertError as error:
        return [], error


def _faults(config_path: Path) -> Sequence[Fault]:
    """What went wrong in plugins while alert ran, as far as there is a store that knows."""
    from alert_core.config import store_options

    try:
        folder = store_options(config_path)
        if not folder.database.exists():
            return ()
        from alert_core.store import Log

        with Log.open(folder.folder) as log:
            return log.faults()
    except AlertError as error:
        if config_path.exists():
            click.echo(f"note: the log cannot be read: {printable(error)}", err=True)
        return ()


def _as_dict(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in ("plugin", "action", "kind", "text", "count", "last")}


def _draw(reports: Sequence[PluginReport], faults: Sequence[Fault]) -> None:
    rows = [
        (
            printable(report.name),
            printable(f"{report.distribution} {report.version}".strip()),
            report.status,
            "\n".join(printable(line) for line in _lines(report)),
        )
        for report in reports
    ]
    draw_columns(("Plugin", "From", "Status", "Offers, or what is wrong"), rows, _coloured)
    if faults:
        console().print(_fault_table(faults))


def _coloured(cell: str, piece: str) -> str:
    return click.style(piece, **_STYLES[cell]) if cell in _STYLES else piece


def _lines(report: PluginReport) -> list[str]:
    """What is wrong with a plugin, and what it offers."""
    offers = [f"{kind}: {', '.join(names)}" for kind, names in report.types.items()]
    return [report.error, *offers] if report.error else offers


def _fault_table(faults: Sequence[Fault]) -> Any:
    from rich.table import Table

    table = Table(
        box=None, pad_edge=False, header_style="bold", title="\nFaults while running", title_justify="left", title_style="bold"
    )
    for heading in ("Plugin", "Action", "What"):
        table.add_column(heading, overflow="fold")
    table.add_column("Times", justify="right")
    table.add_column("Last", no_wrap=True)
    table.add_column("Text", overflow="fold", ratio=1)
    for fault in faults:
        last = fault.last.strftime("%Y-%m-%d %H:%M")
        table.add_row(
            printable(fault.plugin),
            printable(fault.action),
            printable(fault.kind),
            str(fault.count),
            last,
            printable(fault.text),
        )
    return table
