"""`alert ack`: say that a notification was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from alert_core.cli._common import Command, config_option
from alert_core.cli._log_filters import filter_options, opened, wanted

__all__ = ["ack"]


@click.command(cls=Command)
@config_option
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every open notification that the other options let through.")
@filter_options
@click.option("--by", metavar="NAME", help="Who saw it; the user who runs the command by default.")
@click.option("--note", default="", metavar="TEXT", help="What there is to say about it.")
def ack(config_path: Path, ids: tuple[str, ...], everything: bool, by: str | None, note: str, **options: Any) -> None:
    """Acknowledge notifications: by ID, or with --all those that the options choose.

    ID is a notification's id, or as many characters of its beginning as no other one has. Who was first stays in the log.
    """
    filtered = any(value not in (None, False) for value in options.values())
    if bool(ids) == everything:
        raise click.UsageError("give either ids or --all")
    if filtered and not everything:
        raise click.UsageError("the options that choose notifications go with --all")
    from alert_core.store import Log

    with opened(config_path, Log) as log:
        count = 0
        if log is not None:
            which = wanted(options) if everything else [log.entry(one).notification.id for one in ids]
            count = log.acknowledge(which, by=by or _user(), note=note)
    click.echo(f"{count} notification{'' if count == 1 else 's'} acknowledged")


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        import os

        return f"uid {os.getuid()}"
