"""A file and its rotated siblings, in the order in which they were written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alert_core import Cursor, SourceError
from alert_file._content import Content, Identity, open_content
from alert_file._piece import Piece, agree, fingerprint, first_line, holds, succeed

__all__ = ["Trail"]

# app.log.1, app.log-20260101, app.log.2026-01-01_13.gz, app.log.old; but not app.log.bak or app.log.swp.
_ROTATED = re.compile(r"[.\-_](?P<number>\d[\d.\-_T:]*|old)(?:\.gz)?")
_COUNTER_DIGITS = 4


@dataclass(frozen=True)
class _Sibling:
    """A file beside the current one, as it stood when the folder was listed."""

    path: Path
    identity: Identity
    age: tuple[int, int]
    """Compares greater for what was written later: the time of the last write, then the place in the rotation."""


class Trail:
    """Finds the file that a cursor points into, and the one that was written after it.

    Args:
        path: The current file.
        stopped: Asked now and then; when it says yes, long work ends with `Stopped`.
    """

    def __init__(self, path: Path, stopped: Callable[[], bool]) -> None:
        self.path = path
        self._stopped = stopped

    def locate(self, cursor: Cursor) -> Piece | None:
        """The file that a cursor points into, wherever it has gone; `None` when it is gone for good.

        Raises:
            SourceError: It was not found, but some file that may be it cannot be read.
        """
        unreadable: SourceError | None = None
        for path in self._candidates(cursor):
            try:
                piece = self._with(path, lambda content: self._held(content, cursor))
            except SourceError as error:
                unreadable = error
                continue
            if piece is not None:
                return piece
        if unreadable is not None:
            raise unreadable
        return None

    def current(self, *, after: str = "", whole: bool) -> Piece | None:
        """The current file from its beginning; `None` while it does not exist or has no first line.

        Args:
            after: Origin of the file that was read before it.
            whole: Whether a first line without its line feed is not enough.
        """
        return self._with(self.path, lambda content: _begin(content, after, whole=whole))

    def successor(self, done: Piece, *, whole: bool) -> Piece | None:
        """What was written after a file that is read to its end; `None` when that is the current one, or nothing yet.

        Args:
            done: The file that is read to its end.
            whole: Whether a first line of the current file without its line feed is not enough.
        """
        if _identity(self.path) in (None, done.content.identity):
            return None
        siblings = self._rotated()
        for sibling in siblings[_first_after(done, siblings) :]:
            piece = self._with(sibling.path, lambda content: _begin_other(content, done))
            if piece is not None:
                return piece
        return self.current(after=done.origin, whole=whole)

    def newer(self, cursor: Cursor, *, whole: bool) -> Piece | None:
        """The oldest file that was written after a cursor whose own file is gone; `None` when there is nothing yet."""
        modified = cursor.hints.get("modified")
        for sibling in self._rotated():
            if isinstance(modified, int) and sibling.age[0] > modified:
                return self._with(sibling.path, lambda content: _begin(content, cursor.origin, whole=False))
        return self.current(after=cursor.origin, whole=whole)

    def _held(self, content: Content, cursor: Cursor) -> Piece | None:
        return Piece(content, cursor.origin, cursor.position) if holds(content, cursor) else None

    def _with(self, path: Path, make: Callable[[Content], Piece | None]) -> Piece | None:
        """Open a file for a piece, and close it again unless there is one."""
        try:
            content = open_content(path, self._stopped)
        except FileNotFoundError:
            return None
        piece = None
        try:
            piece = make(content)
        finally:
            if piece is None:
                content.close()
        return piece

    def _candidates(self, cursor: Cursor) -> Iterator[Path]:
        """The most likely first: the file with the cursor's inode, the current one, then from young to old."""
        rotated = list(reversed(self._rotated()))
        inode = (cursor.hints.get("device"), cursor.hints.get("inode"))
        yield from (sibling.path for sibling in rotated if sibling.identity == inode)
        yield self.path
        yield from (sibling.path for sibling in rotated if sibling.identity != inode)

    def _rotated(self) -> list[_Sibling]:
        """The rotated siblings, oldest first."""
        found = []
        try:
            with os.scandir(self.path.parent) as entries:
                names = [entry.name for entry in entries if entry.name.startswith(self.path.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            folder = str(self.path.parent)
            raise SourceError(f"cannot list {folder!r}: {error.strerror}; check its path and permissions") from error
        for name in names:
            if _ROTATED.fullmatch(name, len(self.path.name)):
                found.append(self._sibling(name))
        return sorted((sibling for sibling in found if sibling), key=lambda sibling: (sibling.age, sibling.path.name))

    def _sibling(self, name: str) -> _Sibling | None:
        path = self.path.with_name(name)
        try:
            status = path.stat()
        except OSError:  # It was rotated away, or is a dangling link, since the folder was listed.
            return None
        identity = (status.st_dev, status.st_ino)
        return _Sibling(path, identity, (status.st_mtime_ns, _rank(self.path.name, name)))


def _begin(content: Content, after: str, *, whole: bool) -> Piece | None:
    head = first_line(content, whole=whole)
    return Piece(content, succeed(after, fingerprint(head))) if head else None


def _begin_other(content: Content, done: Piece) -> Piece | None:
    """A file from its beginning, unless it is a copy of the one before it."""
    return None if agree(content, done.content) else _begin(content, done.origin, whole=False)


def _first_after(done: Piece, siblings: Sequence[_Sibling]) -> int:
    """Where in the list those begin that were written after a file, which may have been renamed or compressed since."""
    for index, sibling in enumerate(siblings):
        if sibling.identity == done.content.identity:
            return index + 1
    modified = done.content.stamp()[1]
    return next((index for index, sibling in enumerate(siblings) if sibling.age[0] >= modified), len(siblings))


def _rank(base: str, name: str) -> int:
    """The place in the rotation by name: dates rise with time, counters fall; the current file is the youngest."""
    match = _ROTATED.fullmatch(name, len(base))
    if match is None:
        return 10**30
    digits = "".join(re.findall(r"\d", match["number"]))
    return -int(digits or 0) if len(digits) < _COUNTER_DIGITS else int(digits[:25])


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
