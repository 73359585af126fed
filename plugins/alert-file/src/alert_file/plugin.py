"""The event sources `file` and `stdin`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from alert_core import Batch, Cursor, EventSource, Push, SourceError, hookimpl
from alert_file._follow import Follower, read_range
from alert_file._stdin import blocks
from alert_file._trail import Trail
from alert_file.settings import FileSettings, StdinSettings

__all__ = ["FileSource", "StdinSource", "alert_register_sources"]


class FileSource(EventSource[FileSettings]):
    """Lines of a file: read from its beginning and followed while it grows, over rotation, truncation and restarts."""

    name = "file"
    label = "File"

    def run(self, push: Push, stop: threading.Event) -> None:
        """Read from `push.cursor` on until the end or until `stop` is set."""
        trail = Trail(Path(self.settings.path), stop.is_set)
        Follower(trail, self.settings.follow, self.settings.start, push, stop).run()

    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        """Give the records from `start` up to `end` once more, from wherever rotation has put them."""
        return read_range(Trail(Path(self.settings.path), lambda: False), start, end)


class StdinSource(EventSource[StdinSettings]):
    """Lines from standard input, such as the output of another program, until it ends."""

    name = "stdin"
    label = "Standard input"
    rewindable = False

    def run(self, push: Push, stop: threading.Event) -> None:
        """Read until standard input ends or until `stop` is set."""
        if sys.stdin is None:
            raise SourceError("standard input is closed; pipe something into this program")
        cursor = Cursor("stdin", 0)
        for records in blocks(sys.stdin.fileno(), stop):
            start, cursor = cursor, Cursor("stdin", cursor.position + len(records))
            push(Batch(records, start, cursor))


@hookimpl
def alert_register_sources() -> Sequence[type[EventSource[Any]]]:
    """The two sources of this distribution."""
    return (FileSource, StdinSource)
