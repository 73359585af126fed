"""One of many files: open while it is busy, else only its place."""

from __future__ import annotations

from alert_core import Push
from alert_file._content import Content
from alert_file._cut import Upto
from alert_file._piece import Piece, Reading, Replaced, held

__all__ = ["Stream"]


class Stream:
    """A file that is read beside others.

    Args:
        piece: The file, open.
        push: Takes the batches.
        open_: The parts whose files are open; kept up to date.

    Attributes:
        part: The part of the source that it is.
        path: Where it was seen last.
        identity: Which file it is.
        gone: Whether the pattern does not find it any more.
        succeeded: Whether what was written after it has been looked for.
    """

    def __init__(self, piece: Piece, push: Push, open_: set[str]) -> None:
        self._push, self._open = push, open_
        self.part = piece.part
        self.gone = self.succeeded = False
        self.take(piece)

    def take(self, piece: Piece) -> None:
        """Go on in an open file."""
        self.piece: Piece | None = piece
        self.path, self.identity = piece.content.path, piece.content.identity
        self.cursor = piece.cursor
        self.stamp = piece.stamp
        self.finished = False
        self._open.add(self.part)

    def step(self, *, follow: bool) -> bool:
        """Hand over a block; says whether there was one.

        Raises:
            Replaced: What was read before is no longer there.
            SourceError: The file cannot be read.
        """
        if self.piece is None:
            return False
        return self._hand_over(self.piece, Upto.RECORDS if follow else Upto.ALL) or (follow and self._flush(self.piece))

    def _flush(self, piece: Piece) -> bool:
        """Hand over a record of several lines to which no line was added for a while."""
        lines = piece.reading.multiline
        return lines is not None and piece.quiet_seconds > lines.flush_seconds and self._hand_over(piece, Upto.LINES)

    def _hand_over(self, piece: Piece, upto: Upto) -> bool:
        batch = piece.batch(upto)
        self.finished = batch is None
        if batch is not None:
            self._push(batch)
            self.cursor = batch.end
        return batch is not None

    def finish(self) -> None:
        """Hand over whatever is left, because nothing will follow."""
        while self.piece is not None and self._hand_over(self.piece, Upto.ALL):
            pass

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing has been added."""
        return self.piece.quiet_seconds if self.piece else 0.0

    @property
    def idle(self) -> bool:
        """Whether it is open without need."""
        if self.piece is None or not self.finished:
            return False
        lines = self.piece.reading.multiline
        return lines is None or self.piece.quiet_seconds > lines.flush_seconds

    def park(self) -> None:
        """Close the file and remember the place."""
        if self.piece is not None:
            self.stamp = self.piece.stamp
            self.piece.content.close()
            self.piece = None
            self._open.discard(self.part)

    def reopen(self, content: Content, reading: Reading) -> None:
        """Go on where it was parked.

        Raises:
            Replaced: The file does not hold what was read from it.
        """
        piece = held(content, self.cursor, reading)
        if piece is None:
            raise Replaced
        self.take(piece)
