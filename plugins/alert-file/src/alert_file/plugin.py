"""The event sources `file` and `stdin`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from alert_core import Batch, Cursor, EventSource, Push, SourceError, hookimpl
from alert_file.settings import FileSettings, StdinSettings

__all__ = ["FileSource", "StdinSource", "alert_register_sources"]


class FileSource(EventSource[FileSettings]):
    """Lines of files: read from the beginning and followed while they grow, over rotation, truncation and restarts."""

    name = "file"
    label = "File"

    def run(self, push: Push, stop: threading.Event) -> None:
        """Read on until the end or until `stop` is set."""
        settings = self.settings
        if self._pattern:
            from alert_file._files import Files
            from alert_file._group import Group

            follow, at_end = settings.follow, settings.start == "end"
            files = Files(settings.path, settings.reading, push, stop.is_set, follow=follow, at_end=at_end)
            group = Group(files, stop.is_set)
            if follow:
                group.follow(stop.wait)
            else:
                group.exhaust()
        else:
            from alert_file._follow import Follower
            from alert_file._trail import Trail

            trail = Trail(Path(settings.path), settings.reading, stop.is_set)
            Follower(trail, settings.follow, settings.start, push, stop).run()

    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        """Give the records from `start` up to `end` once more, from wherever rotation has put them."""
        if start.part:
            from alert_file._group import read_part

            return read_part(self.settings.path, self.settings.reading, start, end)
        from alert_file._follow import read_range
        from alert_file._trail import Trail

        return read_range(Trail(Path(self.settings.path), self.settings.reading, lambda: False), start, end)

    @property
    def _pattern(self) -> bool:
        """Whether the path stands for many files; one that is there is meant, however it is called."""
        import glob

        return glob.has_magic(self.settings.path) and not Path(self.settings.path).exists()


class StdinSource(EventSource[StdinSettings]):
    """Lines from standard input, such as the output of another program, until it ends."""

    name = "stdin"
    label = "Standard input"
    rewindable = False

    def run(self, push: Push, stop: threading.Event) -> None:
        """Read until standard input ends or until `stop` is set."""
        if sys.stdin is None:
            raise SourceError("standard input is closed; pipe something into this program")
        from alert_file._stdin import batches

        for batch in batches(sys.stdin.fileno(), self.settings.reading, stop):
            push(batch)


@hookimpl
def alert_register_sources() -> Sequence[type[EventSource[Any]]]:
    """The two sources of this distribution."""
    return (FileSource, StdinSource)
