"""One run over the files of a pattern."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from alert_core import Batch, Cursor, SourceError
from alert_file._content import Stopped, open_content
from alert_file._files import Files
from alert_file._follow import SHORTEST_WAIT, again
from alert_file._matching import matching
from alert_file._piece import Reading, Replaced, held, home
from alert_file._siblings import current_of
from alert_file._stream import Stream
from alert_file._trail import Trail

__all__ = ["Group", "read_part"]

_SCAN_SECONDS = 1.0
_SCAN_SHARE = 0.05
"""Looking for files may cost this part of the time; where there are very many, it is done less often."""

_LONGEST_WAIT = 0.05
_SLOWING = 1.25


class Group:
    """Reads the files of a pattern.

    Args:
        files: Which there are.
        stopped: Whether the run is over.
    """

    def __init__(self, files: Files, stopped: Callable[[], bool]) -> None:
        self._files, self._stopped = files, stopped

    def exhaust(self) -> None:
        """Read one file after the other to its end.

        Raises:
            SourceError: A file cannot be read; all others have been read.
        """
        self._run(self._exhaust)
        if self._files.refused and not self._stopped():
            raise SourceError("; ".join(self._files.refused.values()))

    def follow(self, wait: Callable[[float], object]) -> None:
        """Take a block from each file in turn, until stopped."""
        self._run(lambda: self._follow(wait))

    def _run(self, work: Callable[[], None]) -> None:
        try:
            self._files.scan()
            work()
        except Stopped:
            return
        finally:
            for stream in self._files.streams.values():
                stream.park()

    def _exhaust(self) -> None:
        done: set[str] = set()
        while not self._stopped():
            left = [stream for stream in self._files.by_age() if stream.part not in done]
            if not left and not self._files.lost:
                break
            for stream in left:
                done.add(stream.part)
                self._files.wake(stream)
                while not self._stopped() and self._step(stream, follow=False):
                    pass
                stream.park()
            if self._files.lost:
                self._files.scan()
        self._files.end_gone()

    def _follow(self, wait: Callable[[float], object]) -> None:
        pause, next_scan = SHORTEST_WAIT, time.monotonic() + _SCAN_SECONDS
        while not self._stopped():
            streams = list(self._files.streams.values())
            # What was rotated away is older than what took its place.
            older = [stream for stream in streams if stream.gone and not stream.finished]
            busy = [stream for stream in older or streams if self._step(stream, follow=True)]
            if time.monotonic() >= next_scan or (self._files.waiting and not busy):
                began = time.monotonic()
                self._files.scan()
                ended = time.monotonic()
                next_scan = ended + max(_SCAN_SECONDS, (ended - began) / _SCAN_SHARE)
            if busy:
                pause = SHORTEST_WAIT
            else:
                wait(pause)
                pause = min(pause * _SLOWING, _LONGEST_WAIT)

    def _step(self, stream: Stream, *, follow: bool) -> bool:
        """Read a block of one file; says whether there was one."""
        try:
            return stream.step(follow=follow)
        except SourceError as error:
            self._files.refuse(stream.path, error)
            stream.park()
        except Replaced:
            self._files.lose(stream)
        return False


def read_part(pattern: str, reading: Reading, start: Cursor, end: Cursor) -> Iterator[Batch]:
    """The records between two cursors of one file of a pattern once more.

    Raises:
        SourceError: They are gone.
    """
    for path in dict.fromkeys((home(end), *(match.path for match in matching(pattern)))):
        try:
            content = open_content(path, lambda: False)
        except (FileNotFoundError, SourceError):
            continue
        piece = held(content, end, reading)
        if piece is not None:
            return again(piece, start, end, path)
        content.close()
    trail = Trail(current_of(home(end)), reading, lambda: False)
    return again(trail.locate(end), start, end, home(end))
