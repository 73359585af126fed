"""`alert log`: look at what was notified, and how it reached whom."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import Any

import click

from alert_core.cli._common import Command, Group, config_option, json_option
from alert_core.cli._log_filters import filter_options, opened, wanted

__all__ = ["log"]


@click.group(cls=Group)
def log() -> None:
    """Look at the notifications log."""


@log.command("list", cls=Command)
@config_option
@filter_options
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--oldest-first", is_flag=True, help="Begin with the oldest.")
@json_option
def list_(config_path: Path, limit: int, oldest_first: bool, as_json: bool, **options: Any) -> None:
    """List notifications, the newest first.

    The column "Sent" counts the deliveries that were made, of all there are. With --json, every line is one notification.
    """
    from alert_core.cli._log_text import draw_table, json_line
    from alert_core.store import Log

    found = wanted(options, limit=limit + 1, newest_first=not oldest_first)
    with opened(config_path, Log) as store:
        entries = list(store.entries(found)) if store else []
    if as_json:
        for entry in entries[:limit]:
            click.echo(json_line(entry))
    else:
        draw_table(entries[:limit], more=len(entries) > limit)


@log.command(cls=Command)
@config_option
@click.argument("id_", metavar="ID")
@json_option
def show(config_path: Path, id_: str, as_json: bool) -> None:
    """Show everything about one notification: its event, its deliveries, every attempt.

    ID is the notification's id, or as many characters of its beginning as no other one has.
    """
    from alert_core.cli._log_text import draw_entry, json_line
    from alert_core.errors import StoreError
    from alert_core.store import Log

    with opened(config_path, Log) as store:
        if store is None:
            raise StoreError(f"no notification has an id that starts with {id_!r}")
        entry = store.entry(id_)
        attempts = store.attempts(entry.notification.id)
        settings = store.revision(entry.notification.condition, entry.notification.revision)
    if as_json:
        click.echo(json_line(entry, attempts=attempts, settings=settings))
    else:
        draw_entry(entry, attempts)


@log.command(cls=Command)
@config_option
@filter_options
@click.option("--format", "format_", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True, help="How.")
@click.option("--decisions", is_flag=True, help="Only what was decided, as `alert replay --decisions` prints it.")
@click.option("-o", "--output", type=click.File("wb"), default="-", help="Where to; standard output by default.")
def export(config_path: Path, format_: str, decisions: bool, output: Any, **options: Any) -> None:
    """Write notifications for other programs, the oldest first.

    However many there are, only a few are in memory at a time.
    """
    from alert_core.cli._log_text import json_line
    from alert_core.store import Log, decision_line

    if decisions and format_ == "csv":
        raise click.UsageError("--decisions writes one line of JSON per notification and has no CSV form")
    with opened(config_path, Log) as store:
        entries = store.entries(wanted(options, decisions=decisions)) if store else iter(())
        if format_ == "csv":
            _export_csv(entries, output)
            return
        for entry in entries:
            output.write((decision_line(entry.notification) if decisions else json_line(entry)) + b"\n")


def _export_csv(entries: Any, output: Any) -> None:
    import io

    from alert_core.cli._log_text import CSV_COLUMNS, csv_row

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    while True:
        page = list(islice(entries, 200))
        writer.writerows(csv_row(entry) for entry in page)
        output.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
        if not page:
            return


@log.command(cls=Command)
@config_option
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--action", metavar="NAME", help="Only deliveries through this action.")
@click.option("--all", "everything", is_flag=True, help="Every failed delivery.")
def redrive(config_path: Path, ids: tuple[str, ...], action: str | None, everything: bool) -> None:
    """Try failed deliveries again: of these notifications, through this action, or all.

    A running alert notices within seconds; otherwise they are made after the next start.
    """
    if not (ids or action or everything):
        raise click.UsageError("say which: ids of notifications, --action NAME, or --all")
    from alert_core.store import Store

    with opened(config_path, Store) as store:
        count = 0
        if store is not None:
            notifications = [store.entry(one).notification.id for one in ids]
            count = store.redrive(action=action, notifications=notifications)
    click.echo(f"{count} deliver{'y' if count == 1 else 'ies'} will be tried again")
