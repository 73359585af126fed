"""The files that a pattern stands for now."""

from __future__ import annotations

import glob
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from alert_file._content import Identity
from alert_file._packed import SUFFIXES

__all__ = ["Match", "matching"]


@dataclass(frozen=True, order=True)
class Match:
    """A file that fits, sorted by the time of its last write.

    Attributes:
        modified: When it was written to, in nanoseconds.
        linked: Whether the name is a link.
        name: Where it was.
        size: Its length on disk.
        identity: Which file it was.
    """

    modified: int
    linked: bool
    name: str
    size: int
    identity: Identity

    @property
    def path(self) -> Path:
        """Where it was."""
        return Path(self.name)

    @property
    def stamp(self) -> tuple[int, int]:
        """Like `Content.stamp`."""
        return self.size, self.modified


def matching(pattern: str) -> list[Match]:
    """The files that fit a pattern, the one that was written to longest ago first; a file with several names comes once."""
    found: dict[Identity, Match] = {}
    for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207 that takes no absolute pattern
        try:
            status = Path(name).stat()
        except OSError:  # It was removed since the folder was listed, or is a dangling link.
            continue
        if stat.S_ISREG(status.st_mode):
            identity = (status.st_dev, status.st_ino)
            new = Match(status.st_mtime_ns, Path(name).is_symlink(), name, status.st_size, identity)
            found[identity] = min(found.get(identity, new), new)
    return _finished(sorted(found.values()))


def _finished(matches: Iterable[Match]) -> list[Match]:
    """Without compressed files beside what they are made from just now."""
    modified = {match.name: match.modified for match in matches}
    return [
        match
        for match in matches
        if not match.name.endswith(SUFFIXES) or modified.get(match.name.rpartition(".")[0], match.modified + 1) > match.modified
    ]
