"""How far the reading of recorded input has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alert_core.cli._common import console

if TYPE_CHECKING:
    from alert_core.config import Config

__all__ = ["progress"]


@contextmanager
def progress(config: Config, what: str, *, hidden: bool) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on a terminal; nothing elsewhere."""
    screen = console(stderr=True)
    if hidden or not screen.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(what, total=_size(config))
        yield lambda size: bar.advance(task, size)


def _size(config: Config) -> int | None:
    """How many bytes there are to read; `None` when that cannot be known before."""
    total = 0
    for source in config.sources.values():
        path = Path(str(getattr(source.settings, "path", "")))
        if not path.is_file() or path.suffix in (".gz", ".bz2", ".xz", ".zst"):
            return None
        total += path.stat().st_size
    return total
