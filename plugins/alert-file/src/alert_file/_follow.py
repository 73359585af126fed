"""Reading along a trail of files: to the end, over rotation and truncation, and on as lines are added."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alert_core import Batch, Cursor, Push, SourceError
from alert_file._content import Stopped
from alert_file._cut import Upto
from alert_file._piece import Piece, Replaced
from alert_file._trail import Trail

__all__ = ["Follower", "again", "read_range", "to_end"]

logger = logging.getLogger(__name__)

SHORTEST_WAIT = 0.002
LONGEST_WAIT = 0.03
"""While lines come often the wait stays short, so that each is seen at once; a quiet file is looked at 33 times a second."""

_SLOWING = 1.25


@dataclass
class Follower:
    """One run of a file source.

    Attributes:
        trail: Where the files are.
        follow: Whether to wait for more at the end.
        start: Where a first run starts.
        push: Takes the batches.
        stop: Ends the run.
    """

    trail: Trail
    follow: bool
    start: str
    push: Push
    stop: threading.Event

    def run(self) -> None:
        """Read until the end or until `stop` is set."""
        piece: Piece | None = None
        with contextlib.suppress(Stopped):
            try:
                piece = self._open(self.push.cursor)
                while piece is not None and not self.stop.is_set():
                    piece = self._read_on(piece)
            finally:
                if piece is not None:
                    piece.content.close()

    def _open(self, cursor: Cursor | None) -> Piece | None:
        if cursor is not None:
            return self._resume(cursor)
        if self.start == "end" and (piece := self.trail.current(whole=self.follow)) is not None:
            self.push(to_end(piece))
            return piece
        # What is not there yet is new, wherever a first run starts.
        return self._await_current()

    def _await_current(self, *, after: str = "") -> Piece | None:
        """The current file, as soon as it has a first line; `None` when the run is over before."""
        while not self.stop.is_set():
            piece = self.trail.current(after=after, whole=self.follow)
            if piece is not None:
                return piece
            if not self.follow:
                self._check_exists()
                return None
            self.stop.wait(LONGEST_WAIT)
        return None

    def _check_exists(self) -> None:
        if not self.trail.path.exists():
            raise SourceError(f"{str(self.trail.path)!r} does not exist; check the path, or set follow = true to wait for it")

    def _resume(self, cursor: Cursor) -> Piece | None:
        piece = self.trail.locate(cursor)
        if piece is not None:
            return piece
        place = f"{str(self.trail.path)!r} after byte {cursor.position}"
        logger.warning("what was written to %s is gone: truncated, or rotated away; going on with what came next", place)
        return self.trail.newer(cursor, whole=self.follow) or self._await_current(after=cursor.origin)

    def _read_on(self, piece: Piece) -> Piece | None:
        """Read a file to its end and answer with the one to read next; `None` when there is none."""
        try:
            following = self._exhaust(piece)
        except Replaced:
            piece.content.close()
            return self._resume(piece.cursor)
        piece.content.close()
        return following

    def _exhaust(self, piece: Piece) -> Piece | None:
        wait = SHORTEST_WAIT
        while not self.stop.is_set():
            if self._push_all(piece, Upto.RECORDS if self.follow else Upto.ALL) or self._flush(piece):
                wait = SHORTEST_WAIT
            following = self.trail.successor(piece, whole=self.follow)
            if following is not None:
                # Whoever wrote has moved on, so what is there now is the end, with or without a line feed.
                self._push_all(piece, Upto.ALL)
                return following
            if not self.follow:
                return None
            self.stop.wait(wait)
            wait = min(wait * _SLOWING, LONGEST_WAIT)
        return None

    def _push_all(self, piece: Piece, upto: Upto) -> bool:
        """Hand over what is there; says whether there was anything."""
        any_ = False
        while not self.stop.is_set() and (batch := piece.batch(upto)) is not None:
            self.push(batch)
            any_ = True
        return any_

    def _flush(self, piece: Piece) -> bool:
        """Hand over a record of several lines to which no line was added for a while."""
        multiline = piece.reading.multiline
        return multiline is not None and piece.quiet_seconds > multiline.flush_seconds and self._push_all(piece, Upto.LINES)


def to_end(piece: Piece) -> Batch:
    """Skip what is there, but begin at the start of a line; the batch without records lets the place be remembered."""
    content, mark, width = piece.content, piece.text.mark, len(piece.text.feed)
    position = content.length()
    position -= (position - mark) % width
    while position > mark:
        begin = max(position - 4096, mark)
        cut = piece.text.end_of_lines(content.at(begin, position - begin))
        position = begin + cut
        if cut:
            break
    piece.move(position)
    return Batch(b"", piece.cursor, piece.cursor)


def read_range(trail: Trail, start: Cursor, end: Cursor) -> Iterator[Batch]:
    """The records between two cursors of one file once more.

    Raises:
        SourceError: They are gone.
    """
    return again(trail.locate(end) if start.origin == end.origin else None, start, end, trail.path)


def again(piece: Piece | None, start: Cursor, end: Cursor, path: Path) -> Iterator[Batch]:
    """The records between two cursors of a file that was found, or not found.

    Raises:
        SourceError: They are gone.
    """
    gone = (
        f"bytes {start.position} to {end.position} of {str(path)!r} (origin {start.origin}) are neither in it nor in "
        "a rotated file beside it; bring back the file that holds them, such as from a backup"
    )
    if piece is None:
        raise SourceError(gone)
    try:
        piece.move(start.position)
        yield from piece.batches(end.position)
    except Replaced:
        raise SourceError(gone) from None
    finally:
        piece.content.close()
