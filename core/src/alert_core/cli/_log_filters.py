"""The options that choose entries of the log; the same for every command that does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alert_core.model import Severity

if TYPE_CHECKING:
    from alert_core.store import Log, LogFilter

__all__ = ["filter_options", "moment", "opened", "wanted"]

LogT = TypeVar("LogT", bound="Log")

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_NAMES = ("since", "until", "acknowledged", "condition", "type", "computer", "severity", "creator", "failed")


def moment(_context: click.Context, _option: click.Parameter, value: str | None) -> datetime | None:
    """A point in time as it was typed: ISO 8601, local unless it says otherwise, or how long ago, such as `2h`."""
    if value is None:
        return None
    try:
        if ago := _AGO.fullmatch(value):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{value!r} is neither a time such as 2024-03-01T12:00 nor an age such as 45s, 30m, 2h, 7d or 1w"
        ) from error


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose entries; `wanted` makes a filter of what the command gets."""
    pattern = "; * and ? stand for anything"
    options = (
        click.option(
            "--since", metavar="TIME", callback=moment, help="Not older than this: 2h, 7d, or a time such as 2024-03-01T12:00."
        ),
        click.option("--until", metavar="TIME", callback=moment, help="Older than this."),
        click.option(
            "--unacknowledged/--acknowledged", "open_", default=None, help="Only those that nobody, or somebody, acknowledged."
        ),
        click.option("--condition", metavar="NAME", help=f"Of this condition{pattern}."),
        click.option("--type", "type_", metavar="TYPE", help="Of this type of condition."),
        click.option("--computer", metavar="NAME", help=f"About this computer{pattern}."),
        click.option("--severity", type=click.Choice([one.value for one in Severity]), help="Of this severity."),
        click.option("--creator", metavar="NAME", help="Of conditions that this person set up."),
        click.option("--failed", is_flag=True, help="Only those with a failed delivery."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def wanted(options: dict[str, Any], **more: Any) -> LogFilter:
    """The filter that the options describe."""
    from alert_core.store import LogFilter

    open_ = options["open_"]
    known = {name: options[name] for name in _NAMES if name in options}
    return LogFilter(**known, type=options["type_"], acknowledged=None if open_ is None else not open_, **more)


@contextmanager
def opened(config_path: Path, kind: type[LogT]) -> Iterator[LogT | None]:
    """The log or store that the configuration names; `None` when there is none yet.

    Looking must not make one: it would belong to whoever looks.
    """
    from alert_core.config import store_options

    options = store_options(config_path)
    if not options.database.exists():
        click.echo(f"note: {options.folder}: nothing is logged yet; `alert run` makes the log", err=True)
        yield None
        return
    with kind.open(options.folder) as log:
        yield log
