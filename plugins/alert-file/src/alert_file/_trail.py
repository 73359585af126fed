"""From one file of a rotation to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from alert_core import Cursor, SourceError
from alert_file._content import Content, Identity, open_content
from alert_file._piece import Piece, Reading, agree, fingerprint, first_line, held, succeed
from alert_file._siblings import Sibling, identity_of, siblings

__all__ = ["Trail"]


class _Moved(Exception):
    """Files were renamed while we looked at them; look again."""


class Trail:
    """Finds the file that a cursor points into, and the one that was written after it.

    Args:
        path: The current file.
        reading: How files are read.
        stopped: Asked now and then; when it says yes, long work ends with `Stopped`.
    """

    def __init__(self, path: Path, reading: Reading, stopped: Callable[[], bool]) -> None:
        self.path, self.reading = path, reading
        self._stopped = stopped

    def locate(self, cursor: Cursor) -> Piece | None:
        """The file that a cursor points into, wherever it has gone; `None` when it is gone for good.

        Raises:
            SourceError: It was not found, but some file that may be it cannot be read.
        """
        while True:
            listed = siblings(self.path)
            current = identity_of(self.path)
            try:
                return self._located(cursor, listed)
            except SourceError:
                # Whatever cannot be read, or be found, in the middle of a rotation may be after it.
                if (siblings(self.path), identity_of(self.path)) == (listed, current):
                    raise
            except _Moved:
                if (siblings(self.path), identity_of(self.path)) == (listed, current):
                    return None

    def _located(self, cursor: Cursor, listed: Sequence[Sibling]) -> Piece:
        unreadable: SourceError | None = None
        for path in self._candidates(cursor, listed):
            try:
                piece = self._with(path, lambda content: held(content, cursor, self.reading))
            except SourceError as error:
                unreadable = error
                continue
            if piece is not None:
                return piece
        raise unreadable or _Moved

    def current(self, *, after: str = "", whole: bool) -> Piece | None:
        """The current file from its beginning; `None` while it does not exist or has no first line.

        Args:
            after: Origin of the file that was read before it.
            whole: Whether a first line without its line feed is not enough.
        """
        return self._with(self.path, lambda content: self._begin(content, after, whole=whole))

    def successor(self, done: Piece, *, whole: bool) -> Piece | None:
        """What was written after a file that is read to its end; `None` when that is the current one, or nothing yet.

        Args:
            done: The file that is read to its end.
            whole: Whether a first line of the current file without its line feed is not enough.
        """
        if identity_of(self.path) in (None, done.content.identity):
            return None
        # The current file is opened before the others are listed: should it be rotated in between, it is among them.
        current = self._with(self.path, lambda content: self._go_on(content, done, whole=whole))
        try:
            between = self._between(done, current)
        except BaseException:
            _close(current)
            raise
        if between is None:
            return current
        _close(current)
        return between

    def _between(self, done: Piece, current: Piece | None) -> Piece | None:
        """The oldest of those that were written after one file and before another."""
        while True:
            listed = siblings(self.path)
            try:
                for sibling in listed[self._first_after(done, listed) :]:
                    if current is not None and sibling.identity == current.content.identity:
                        return None
                    piece = self._with(sibling.path, lambda content: self._begin_other(content, done), sibling.identity)
                    if piece is not None:
                        return piece
            except _Moved:
                continue
            return None

    def newer(self, cursor: Cursor, *, whole: bool) -> Piece | None:
        """The oldest file that was written after a cursor whose own file is gone; `None` when there is nothing yet."""
        modified = cursor.hints.get("modified")
        for sibling in siblings(self.path):
            if isinstance(modified, int) and sibling.modified > modified:
                return self._with(sibling.path, lambda content: self._begin(content, cursor.origin, whole=False))
        return self.current(after=cursor.origin, whole=whole)

    def _candidates(self, cursor: Cursor, listed: Sequence[Sibling]) -> Iterator[Path]:
        """The most likely first: the cursor's inode, what was written to since from old to young, the rest.

        The current file's inode proves nothing: it stays when the file is copied and truncated.
        """
        inode = (cursor.hints.get("device"), cursor.hints.get("inode"))
        modified = cursor.hints.get("modified", 0)
        recent = [sibling for sibling in listed if isinstance(modified, int) and sibling.modified >= modified]
        yield from (sibling.path for sibling in listed if sibling.identity == inode)
        yield from (sibling.path for sibling in recent if sibling.identity != inode)
        yield self.path
        yield from (sibling.path for sibling in reversed(listed) if sibling.identity != inode and sibling not in recent)

    def _first_after(self, done: Piece, listed: Sequence[Sibling]) -> int:
        """Where in the list those begin that were written after a file, which may have been renamed or compressed since."""
        for index, sibling in enumerate(listed):
            if sibling.identity == done.content.identity:
                return index + 1
        for index, sibling in reversed(list(enumerate(listed))):
            copy = self._with(sibling.path, lambda content: done if agree(content, done.content) else None, sibling.identity)
            if copy is not None:
                return index + 1
        modified = done.content.stamp()[1]
        return next((index for index, sibling in enumerate(listed) if sibling.modified >= modified), len(listed))

    def _with(self, path: Path, make: Callable[[Content], Piece | None], identity: Identity | None = None) -> Piece | None:
        """Open a file for a piece, and close it again unless there is one."""
        try:
            content = open_content(path, self._stopped)
        except FileNotFoundError:
            if identity is not None:
                raise _Moved from None
            return None
        piece = None
        try:
            if identity not in (None, content.identity):
                raise _Moved
            piece = make(content)
        finally:
            if piece is None or piece.content is not content:
                content.close()
        return piece

    def _begin(self, content: Content, after: str, *, whole: bool) -> Piece | None:
        head = first_line(content, whole=whole)
        return Piece(content, succeed(after, fingerprint(head)), 0, self.reading) if head else None

    def _begin_other(self, content: Content, done: Piece) -> Piece | None:
        """A file from its beginning, unless it is a copy of the one before it."""
        return None if agree(content, done.content) else self._begin(content, done.origin, whole=False)

    def _go_on(self, content: Content, done: Piece, *, whole: bool) -> Piece | None:
        """The current file: from its beginning, or from where a copy of it was read to."""
        return held(content, done.cursor, self.reading) or self._begin(content, done.origin, whole=whole)


def _close(piece: Piece | None) -> None:
    if piece is not None:
        piece.content.close()
