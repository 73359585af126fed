"""`alert replay`: what the conditions decide about recorded events, without telling anyone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alert_core.cli._common import Command, config_option, configured, console, json_option, print_json, print_line, printable
from alert_core.cli._log_filters import moment
from alert_core.cli._progress import progress

if TYPE_CHECKING:
    from alert_core.config import Config
    from alert_core.model import Notification

__all__ = ["replay"]


@click.command(cls=Command)
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--like", metavar="SOURCE", help="The configured source that FILES are like, if there are several.")
@click.option("--decisions", is_flag=True, help="Print every decision as one canonical JSON line, like `alert log export`.")
@click.option(
    "--since", metavar="TIME", callback=moment, help="Leave out events before this: 2h, 7d, or a time such as 2024-03-01T12:00."
)
@config_option
@json_option
def replay(
    files: tuple[str, ...], like: str | None, decisions: bool, since: datetime | None, config_path: Path, as_json: bool
) -> None:
    """Decide about recorded events, at the times of the events, and show a summary.

    Reads FILES (`-` is standard input), else what the configured sources have now. Nothing is stored and nobody is told.
    `alert run` decides the same, byte for byte.
    """
    from alert_core.runtime import inputs
    from alert_core.runtime.replay import replay as decide

    config, plugins = configured(config_path)
    config = inputs.with_files(config, files, like=like, sources=plugins.sources) if files else inputs.recorded(config)
    if since:
        config = inputs.since(config, since)
    with progress(config, "replay", hidden=decisions or as_json) as advance:
        found = list(decide(config, resolver=plugins.resolve_secret, progress=advance))
    if decisions:
        _print_decisions(found)
    elif as_json:
        print_json([_summary(name, found) for name in config.conditions])
    else:
        _draw(config, found)


def _print_decisions(found: Iterable[Notification]) -> None:
    from alert_core.store import decision_line

    for notification in sorted(found, key=lambda it: (it.time, it.id)):
        print_line(decision_line(notification).decode())


def _summary(name: str, found: Iterable[Notification]) -> dict[str, Any]:
    own = [notification for notification in found if notification.condition == name]
    return {
        "condition": name,
        "notifications": len(own),
        "suppressed": sum(notification.suppressed for notification in own),
        "keys": len({notification.key for notification in own}),
        "first": min((notification.time for notification in own), default=None),
        "last": max((notification.time for notification in own), default=None),
    }


def _draw(config: Config, found: list[Notification]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Condition", "Notifications", "Suppressed", "Keys", "First", "Last"):
        table.add_column(heading, justify="right" if heading in ("Notifications", "Suppressed", "Keys") else "left")
    for name in config.conditions:
        row = _summary(name, found)
        times = [row[end].isoformat(sep=" ", timespec="seconds")[:19] if row[end] else "-" for end in ("first", "last")]
        table.add_row(printable(name), *(str(row[part]) for part in ("notifications", "suppressed", "keys")), *times)
    console().print(table)
