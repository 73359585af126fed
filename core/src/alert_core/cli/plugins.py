"""`alert plugins`: what is installed, what it offers, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
from alert_core.errors import AlertError, ConfigError

if TYPE_CHECKING:
    from alert_core.plugins import PluginReport
    from alert_core.store import Fault

__all__ = ["plugins"]

_STYLES = {"ok": "green", "broken": "bold red", "conflict": "bold red", "blocked": "yellow"}


@click.command(cls=Command)
@config_option
@json_option
@click.option("--check", "name", metavar="NAME", help="Look at one plugin; exit with 1 unless it is ok.")
def plugins(config_path: Path, as_json: bool, name: str | None) -> None:
    """List the plugins with what they offer and what is wrong with them."""
    loaded = installed(config_path, require=False)
    # Asked now, so that plugins with bad commands are seen here and not only when one is typed.
    loaded.commands()
    reports = [report for report in loaded.reports if name in (None, report.name)]
    faults = [fault for fault in _faults(config_path) if name in (None, fault.plugin)]
    if not reports:
        raise ConfigError(f"no plugin is named {name!r}", hint="`alert plugins` lists them")
    if as_json:
        print_json(
            {"plugins": [dataclasses.asdict(report) for report in reports], "faults": [_as_dict(fault) for fault in faults]}
        )
    else:
        _draw(reports, faults)
    if name is not None and (faults or any(report.status != "ok" for report in reports)):
        raise SystemExit(FAILED)


def _faults(config_path: Path) -> Sequence[Fault]:
    """What went wrong in plugins while alert ran, as far as there is a store that knows."""
    from alert_core.config import store_options

    try:
        folder = store_options(config_path)
        if not folder.database.exists():
            return ()
        from alert_core.store import Store

        with Store.open(folder.folder) as store:
            return store.faults()
    except AlertError as error:
        if config_path.exists():
            click.echo(f"note: the log cannot be read: {printable(error)}", err=True)
        return ()


def _as_dict(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in ("plugin", "action", "kind", "text", "count", "last")}


def _draw(reports: Sequence[PluginReport], faults: Sequence[Fault]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Plugin", "From", "Status"):
        table.add_column(heading, overflow="fold")
    table.add_column("Offers, or what is wrong", overflow="fold", ratio=1)
    for report in reports:
        table.add_row(
            printable(report.name),
            printable(f"{report.distribution} {report.version}".strip()),
            Text(report.status, style=_STYLES[report.status]),
            "\n".join(printable(line) for line in _lines(report)),
        )
    out = console()
    out.print(table)
    if faults:
        out.print(_fault_table(faults))


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
