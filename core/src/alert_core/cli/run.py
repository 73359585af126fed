"""`alert run`: watch the sources and notify."""

from __future__ import annotations

import logging
import signal
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from alert_core.cli._common import FAILED, Command, config_option, configured, json_option, local_time, print_line, printable
from alert_core.cli._log_filters import moment

if TYPE_CHECKING:
    from alert_core.config import Config
    from alert_core.model import Notification
    from alert_core.runtime.runner import Runner, Summary

__all__ = ["run"]

_log = logging.getLogger(__name__)


@click.command(cls=Command)
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--once", is_flag=True, help="End when everything there is has been read and told, instead of following.")
@click.option("--like", metavar="SOURCE", help="The configured source that FILES are like, if there are several.")
@click.option(
    "--since", metavar="TIME", callback=moment, help="Leave out events before this: 2h, 7d, or a time such as 2024-03-01T12:00."
)
@config_option
@json_option
def run(files: tuple[str, ...], once: bool, like: str | None, since: datetime | None, config_path: Path, as_json: bool) -> None:
    """Watch the sources and notify, until stopped.

    With FILES (`-` is standard input), read these instead of the configured sources. One line is printed per notification.

    SIGTERM and Ctrl-C end gracefully; SIGHUP, or a change of the files, reads the configuration anew.
    Nothing is lost whenever and however it ends: the next run goes on where this one stopped.
    """
    from alert_core.errors import ConfigError
    from alert_core.runtime import inputs
    from alert_core.runtime.runner import Runner
    from alert_core.store import Store

    config, plugins = configured(config_path)
    # Files that are named are recorded input, decided about as a replay would; what comes through a pipe may be happening now.
    once = once or (bool(files) and "-" not in files)
    if files:
        config = inputs.with_files(config, files, like=like, sources=plugins.sources)
    if not config.sources:
        raise ConfigError("there is no source to watch", hint="add a [sources.<name>] table or name FILES")
    if once:
        config = inputs.recorded(config)
    if since:
        config = inputs.since(config, since)

    def load() -> Config:
        changed = configured(config_path)[0]
        return inputs.since(changed, since) if since else changed

    with Store.open(config.store.folder) as store:
        runner = Runner(
            config, plugins, store, once=once, load=None if files or once else load, told=_print_json if as_json else _print
        )
        _obey_signals(runner)
        summary = runner.run()
    _conclude(summary, once=once)


def _obey_signals(runner: Runner) -> None:
    def stop(number: int, _: FrameType | None) -> None:
        runner.stop()
        # A second one means it: what is not committed is simply done again next time.
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: runner.reload())


def _print(notification: Notification) -> None:
    moment = local_time(notification.time).isoformat(sep=" ", timespec="seconds")
    print_line(f"{moment}  {notification.severity:<8}  {printable(notification.subject)}")


def _print_json(notification: Notification) -> None:
    from alert_core.store import decision_line

    print_line(decision_line(notification).decode())


def _conclude(summary: Summary, *, once: bool) -> None:
    _log.info("%d batches, %d notifications, %.1f seconds", summary.batches, summary.notifications, summary.seconds)
    if summary.waiting:
        click.echo(f"warning: {summary.waiting} deliveries were not taken yet; the next run goes on with them", err=True)
    if summary.failed_sources:
        click.echo(f"error: could not read {printable(', '.join(summary.failed_sources))}", err=True)
    # Who lets it run on is told by the next run; a script that runs it once must know that somebody was not told.
    if summary.failed_sources or (once and summary.waiting):
        sys.exit(FAILED)
