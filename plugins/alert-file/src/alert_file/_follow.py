"""Reading along a trail of files: to the end, over rotation and truncation, and on as lines are added."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from alert_core import Batch, Cursor, Push, SourceError
from alert_file._content import Stopped
from alert_file._piece import Piece, Replaced
from alert_file._trail import Trail

__all__ = ["Follower", "read_range"]

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
        piece = self._await_current()
        if piece is not None and self.start == "end":
            return self._at_end(piece)
        return piece

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

    def _at_end(self, piece: Piece) -> Piece:
        """Skip what is there, but begin at the start of a line."""
        content, position = piece.content, piece.content.length()
        while position and (data := content.at(max(position - 4096, 0), min(4096, position))):
            cut = data.rfind(b"\n") + 1
            if cut:
                position += cut - len(data)
                break
            position -= len(data)
        return Piece(content, piece.origin, position)

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
            if self._push_all(piece, final=not self.follow):
                wait = SHORTEST_WAIT
            following = self.trail.successor(piece, whole=self.follow)
            if following is not None:
                # Whoever wrote has moved on, so what is there now is the end, with or without a line feed.
                self._push_all(piece, final=True)
                return following
            if not self.follow:
                return None
            self.stop.wait(wait)
            wait = min(wait * _SLOWING, LONGEST_WAIT)
        return None

    def _push_all(self, piece: Piece, *, final: bool) -> bool:
        """Hand over what is there; says whether there was anything."""
        any_ = False
        while not self.stop.is_set() and (batch := piece.batch(final=final)) is not None:
            self.push(batch)
            any_ = True
        return any_


def read_range(trail: Trail, start: Cursor, end: Cursor) -> Iterator[Batch]:
    """The records between two cursors of one file once more.

    Raises:
        SourceError: They are gone.
    """
    piece = trail.locate(end) if start.origin == end.origin else None
    gone = (
        f"bytes {start.position} to {end.position} of {str(trail.path)!r} (origin {start.origin}) are neither in it nor in "
        "a rotated file beside it; bring back the file that holds them, such as from a backup"
    )
    if piece is None:
        raise SourceError(gone)
    piece = Piece(piece.content, start.origin, start.position)
    try:
        yield from piece.batches(end.position)
    except Replaced:
        raise SourceError(gone) from None
    finally:
        piece.content.close()
