"""Which files there are behind a pattern, where each of them is by now, and which of them are open.

A file is known by what is in it and by its inode, never by its name: it keeps its place when it is renamed or compressed,
whether the pattern still fits or not. Its origin is unique, and is the part of the source that it is.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from alert_core import Batch, Cursor, Push, SourceError
from alert_file._content import Content, Identity, open_content
from alert_file._follow import to_end
from alert_file._matching import Match, matching
from alert_file._packed import PackedContent
from alert_file._piece import Piece, Reading, Replaced, agree, fingerprint, first_line, held, holds, home, inode
from alert_file._siblings import Sibling, current_of, siblings
from alert_file._stream import Stream
from alert_file._trail import Trail

__all__ = ["Files"]

logger = logging.getLogger(__name__)

MOST_OPEN = 128
"""So many files are held open and looked at all the time, others once a second."""

_COPY_SECONDS = 10.0
_GONE_SECONDS = 60.0


class Files:
    """The files of a pattern.

    Args:
        pattern: Which files.
        reading: How they are read.
        push: Takes the batches, and knows how far each part was read before.
        stopped: Whether the run is over.
        follow: Whether to wait for more.
        at_end: Whether a first run begins at their ends.

    Attributes:
        streams: What is read, by part.
        lost: Places in files that are to be found.
        refused: What was wrong with files that cannot be read.
        waiting: Whether some could not be opened yet because too many are.
    """

    def __init__(
        self, pattern: str, reading: Reading, push: Push, stopped: Callable[[], bool], *, follow: bool, at_end: bool
    ) -> None:
        self._pattern, self._reading, self._push, self._stopped, self._follow = pattern, reading, push, stopped, follow
        self.streams: dict[str, Stream] = {}
        self.lost = dict(push.cursors)
        self.refused: dict[Path, str] = {}
        self.waiting = False
        self._open: set[str] = set()
        self._missed: set[str] = set()
        self._copies: dict[Identity, float] = {}
        self._first = not self.lost
        self._at_end = at_end and self._first

    def by_age(self) -> list[Stream]:
        """All files; what was rotated away comes before what took its place."""
        gone = [stream for stream in self.streams.values() if stream.gone]
        return [*sorted(gone, key=_age), *(stream for stream in self.streams.values() if not stream.gone)]

    def lose(self, stream: Stream) -> None:
        """Note that a file does not hold any more what was read from it; a copy may."""
        stream.park()
        del self.streams[stream.part]
        self.lost[stream.part] = stream.cursor

    def scan(self) -> None:
        """Find out where every file is now, and which are new."""
        matches = matching(self._pattern)
        here = {match.identity: match for match in matches}
        self._park_some()
        self.waiting = False
        for stream in list(self.streams.values()):
            self._see(stream, here.get(stream.identity))
        # The surest first, so that a file which was read before is not taken for a copy of another that begins alike.
        read = {inode(cursor): cursor for cursor in self.lost.values()}
        known = [match for match in matches if match.identity in read]
        self._admit_all(known, lambda content: self._claimed(content, [read[content.identity]]))
        missed = set(self._missed)
        self._find_lost(here)
        self._admit_all(matches, lambda content: self._by_content(content) or self._new(content))
        self._give_up_lost(missed)
        for stream in [stream for stream in self.by_age() if stream.gone and not stream.succeeded]:
            self._admit_after(stream)
        if self._follow:
            self.end_gone()
        self._first = self._at_end = False

    def _see(self, stream: Stream, match: Match | None) -> None:
        """Note where a file is now; open it again if something was added to it."""
        stream.gone = match is None
        if match is not None:
            stream.path = match.path
        if stream.piece is not None or (match is not None and match.stamp == stream.stamp):
            return
        if match is None:
            self.lose(stream)
        elif self._full:
            self.waiting = True
        elif self._follow:
            self.wake(stream)

    def wake(self, stream: Stream) -> None:
        """Open a file again, if it is not open."""
        content = None if stream.piece else self._opened(stream.path, stream.identity)
        if content is None:
            return
        try:
            stream.reopen(content, self._reading)
        except Replaced:
            content.close()
            self.lose(stream)

    @property
    def _full(self) -> bool:
        """Whether so many files are open that others have to wait."""
        return len(self._open) >= MOST_OPEN

    def _opened(self, path: Path, identity: Identity) -> Content | None:
        """A file, if it can be read and is still the one that was seen."""
        try:
            content = open_content(path, self._stopped)
        except FileNotFoundError:
            return None
        except SourceError as error:
            self.refuse(path, error)
            return None
        if content.identity != identity:
            content.close()
            return None
        return content

    def _admit_all(self, matches: list[Match], make: Callable[[Content], Piece | None]) -> None:
        """Begin to read the files that nobody reads yet, as far as this makes a piece of them."""
        taken = self._taken()
        for match in matches:
            if match.identity not in taken and not self._stopped():
                self._admit(match.path, match.identity, make)

    def _admit(self, path: Path, identity: Identity, make: Callable[[Content], Piece | None]) -> None:
        content = self._opened(path, identity)
        if content is None:
            return
        piece = None
        try:
            piece = make(content)
        except SourceError as error:
            self.refuse(path, error)
        finally:
            if piece is None:
                content.close()
        if piece is not None:
            full = self._full
            stream = self.streams[piece.part] = Stream(piece, self._push, self._open)
            if full:
                stream.park()
                self.waiting = True

    def _taken(self) -> set[Identity]:
        return {stream.identity for stream in self.streams.values()}

    def _by_content(self, content: Content) -> Piece | None:
        """The file as a copy, perhaps a compressed one, of one that was read before and is gone."""
        gone = [stream.cursor for stream in self.streams.values() if stream.gone and stream.finished]
        packed = isinstance(content, PackedContent)
        return self._claimed(content, [*self.lost.values(), *(gone if packed else ())])

    def _claimed(self, content: Content, cursors: list[Cursor]) -> Piece | None:
        for cursor in cursors:
            piece = held(content, cursor, self._reading)
            if piece is not None:
                self.lost.pop(cursor.part, None)
                if cursor.part in self.streams:
                    self.streams.pop(cursor.part).park()
                return piece
        return None

    def _new(self, content: Content) -> Piece | None:
        """The file as a new one; `None` as long as it has no first line, or may be a copy of what is truncated in a moment."""
        head = first_line(content, whole=self._follow)
        base = fingerprint(head)
        if not head or self._may_be_copy(content, base):
            return None
        # On a first run the same files always have the same origins; later no new file has that of another.
        salt = str(content.path) if self._first else f"{content.path} {content.stamp()} {time.time_ns()}"
        number = int(hashlib.sha256(salt.encode("utf-8", "surrogateescape")).hexdigest()[:12], 16)
        origin = f"{base}-{number}"
        piece = Piece(content, origin, 0, self._reading, origin)
        # Remembered at once: should it be rotated away before it was read, nothing else leads there.
        self._push(to_end(piece) if self._at_end else Batch(b"", piece.cursor, piece.cursor))
        return piece

    def _may_be_copy(self, content: Content, base: str) -> bool:
        alike = (stream.cursor for stream in self.streams.values() if stream.part.startswith(base))
        if not self._follow or self._first or not any(holds(content, cursor) for cursor in alike):
            return False
        until = self._copies.setdefault(content.identity, time.monotonic() + _COPY_SECONDS)
        return time.monotonic() < until

    def _admit_after(self, stream: Stream) -> None:
        """Read what was written after a file that was rotated away and is rotated away, too."""
        stream.succeeded = True
        family = siblings(current_of(stream.path))
        ages = [sibling.identity for sibling in family]
        if stream.identity in ages:
            self._admit_rotated(family[ages.index(stream.identity) + 1 :], stream.piece)

    def _admit_rotated(self, family: Sequence[Sibling], older: Piece | None = None) -> None:
        def make(content: Content) -> Piece | None:
            return None if older and agree(content, older.content) else self._new(content)

        for sibling in family:
            if sibling.identity not in self._taken():
                self._admit(sibling.path, sibling.identity, make)
                for stream in [stream for stream in self.streams.values() if stream.identity == sibling.identity]:
                    stream.gone = stream.succeeded = True

    def end_gone(self) -> None:
        """Forget the files that the pattern does not find any more, the oldest first: it leads to those after it."""
        patience = 0.0 if not self._follow else 1.0 if self._full else _GONE_SECONDS
        for stream in self.by_age():
            if not stream.gone or not stream.finished or (stream.piece and stream.quiet_seconds < patience):
                return
            stream.finish()
            stream.park()
            del self.streams[stream.part]
            self._push(Batch(b"", stream.cursor, stream.cursor, ended=True))

    def _find_lost(self, here: Mapping[Identity, Match]) -> None:
        """Look for files that were read before among the rotated ones beside their last place."""
        for part, cursor in list(self.lost.items()):
            if self._full and self._follow:
                self.waiting = True
                return
            self._missed.add(part)
            try:
                piece = Trail(current_of(home(cursor)), self._reading, self._stopped).locate(cursor)
            except SourceError as error:
                self.refuse(home(cursor), error)
                continue
            if piece is None:
                continue
            if piece.content.identity in self._taken():
                piece.content.close()
                continue
            del self.lost[part]
            self.streams[part] = Stream(piece, self._push, self._open)
            self.streams[part].gone = piece.content.identity not in here

    def _give_up_lost(self, before: set[str]) -> None:
        """Forget files that were nowhere twice, because one that is being renamed may not be seen."""
        self._missed &= self.lost.keys()
        for part in sorted(self._missed & before if self._follow else self.lost):
            cursor = self.lost[part]
            if self._follow and home(cursor) in self.refused:
                continue
            del self.lost[part]
            place = f"{str(home(cursor))!r} after byte {cursor.position}"
            logger.info("what was written to %s is gone, if there was anything", place)
            modified = cursor.hints.get("modified")
            family = siblings(current_of(home(cursor))) if isinstance(modified, int) else []
            self._admit_rotated([sibling for sibling in family if sibling.modified > int(modified or 0)])
            self._push(Batch(b"", cursor, cursor, ended=True))

    def _park_some(self) -> None:
        """Close files that nothing was added to for longest, until few enough are open."""
        # If others wait, all that are idle make room.
        surplus = len(self._open) - (0 if self.waiting else MOST_OPEN)
        idle = [stream for stream in self.streams.values() if stream.idle and not stream.gone]
        for stream in sorted(idle, key=lambda stream: -stream.quiet_seconds)[: max(0, surplus)]:
            stream.park()

    def refuse(self, path: Path, error: SourceError) -> None:
        """Note, once, that a file cannot be read; the others go on."""
        if self.refused.get(path) != str(error):
            self.refused[path] = str(error)
            if self._follow:
                logger.warning("%s", error)


def _age(stream: Stream) -> tuple[str, int]:
    """Where in a rotation a file stands; greater is younger."""
    current = current_of(stream.path)
    return str(current), sum(1 for _ in takewhile(lambda it: it.identity != stream.identity, siblings(current)))
