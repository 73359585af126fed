"""`alert demo`: see the whole way of the data at work, on this computer alone."""

from __future__ import annotations

import json
import math
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from alert_demo._tour import Result, Tour

__all__ = ["demo"]

_FAILED = 1


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where to leave the configuration: a new or an empty folder. Default: a new one in the temporary folder.",
)
@click.option("--stay", is_flag=True, help="Keep the receivers until Ctrl-C, and show what else arrives.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=1),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long everything may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def demo(folder: Path | None, stay: bool, wait_seconds: float, as_json: bool) -> None:
    """See a log turn into an e-mail, a web request, a syslog line, a trap and a run of a program.

    Starts receivers on loopback, runs a sample log through an example configuration with `alert run --once`, shows what
    arrived, and leaves the configuration behind for you to go on with.

    Exits with 1 when something that should have arrived did not.
    """
    from alert_demo._receivers import receivers
    from alert_demo._tour import Tour

    if as_json and stay:
        raise click.UsageError("--json and --stay exclude each other")
    prepared = _prepared(folder)
    with receivers() as running:
        tour = Tour(prepared, running)
        result = _printed(tour, wait_seconds) if as_json else _shown(tour, wait_seconds, stay=stay)
        if stay:
            _stay(tour)
    if result.missing:
        sys.exit(_FAILED)


def _prepared(folder: Path | None) -> Path:
    """An empty folder, by its full path."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="alert-demo-"))
    folder = folder.absolute()
    if not str(folder).isprintable():
        raise click.BadParameter("its path must not hold control characters", param_hint="'--folder'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = not any(folder.iterdir())
    except OSError as error:
        raise click.BadParameter(f"{folder} cannot be used: {error.strerror}", param_hint="'--folder'") from error
    if not empty:
        raise click.BadParameter(f"{folder} is not empty, and nothing in it shall be lost", param_hint="'--folder'")
    return folder


def _printed(tour: Tour, wait_seconds: float) -> Result:
    result = tour.run(wait_seconds=wait_seconds)
    messages: list[dict[str, Any]] = [
        {"channel": it.channel, "action": it.action, "notification": it.notification, "content": it.content}
        for it in result.messages
    ]
    document = {
        "folder": str(tour.folder),
        "events": result.events,
        "notifications": len(result.notifications),
        "suppressed": result.suppressed,
        "messages": messages,
        "missing": result.missing,
        "said": result.said.splitlines(),
    }
    click.echo(json.dumps(document, indent=2))
    return result


def _shown(tour: Tour, wait_seconds: float, *, stay: bool) -> Result:
    from alert_demo._screen import Screen

    screen = Screen()
    screen.receivers(tour.receivers.ports)
    with screen.running(tour.folder):
        result = tour.run(wait_seconds=wait_seconds)
    if result.messages:
        screen.decisions(result)
        screen.messages(result)
    if result.missing:
        screen.missing(result)
    screen.next_steps(tour.folder, stay=stay)
    return result


def _stay(tour: Tour) -> None:
    """Show what arrives until Ctrl-C or SIGTERM."""
    from alert_demo._screen import Screen

    screen = Screen()
    # A shell makes what it starts in the background deaf to Ctrl-C; the handlers make it listen again.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        for message in tour.receivers.messages(tour.blocklist, until=math.inf):
            screen.message(message)
