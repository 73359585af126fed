"""The rotated siblings of a file, in the order in which they were written."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alert_core import SourceError
from alert_file._content import Identity
from alert_file._packed import SUFFIXES

__all__ = ["Sibling", "current_of", "identity_of", "siblings"]

# app.log.1, app.log-20260101, app.log.2026-01-01_13.gz, app.log.old; but not app.log.bak or app.log.swp.
_ROTATED = re.compile(r"[.\-_](?P<number>\d[\d.\-_T:]*?|old)(?:\.(?:gz|bz2|xz|zst))?")
_COUNTER_BELOW = 1000


@dataclass(frozen=True)
class Sibling:
    """A file beside the current one.

    Attributes:
        path: Where it was when the folder was listed.
        identity: Which file it was.
        modified: When it was written to, in nanoseconds.
        rank: Its place in the rotation by name; greater is younger.
    """

    path: Path
    identity: Identity
    modified: int
    rank: tuple[int, ...]

    @property
    def counted(self) -> bool:
        """Whether it is numbered `.1`, `.2`, ... and not dated."""
        return self.rank[0] <= 0

    @property
    def packed(self) -> bool:
        """Whether it is compressed, by its name."""
        return self.path.suffix in SUFFIXES


def siblings(path: Path) -> list[Sibling]:
    """The rotated siblings of a file, oldest first.

    Names tell the order, because a compressed file may bear the time of its compression. Which way counters count (`.1` is
    the youngest for logrotate, the oldest for others), and the order of mixed names, is told by the times of the last writes.

    Raises:
        SourceError: The folder cannot be listed.
    """
    found, before = _listed(path), None
    # A listing made during a rotation may miss a file that is being renamed.
    while found != before:
        found, before = _listed(path), found
    named = {sibling.path for sibling in found}
    found = [sibling for sibling in found if not sibling.packed or sibling.path.with_suffix("") not in named]
    if len({sibling.counted for sibling in found}) > 1:
        return sorted(found, key=lambda sibling: (sibling.modified, sibling.rank, sibling.path.name))
    found.sort(key=lambda sibling: (sibling.rank, sibling.path.name))
    return found[::-1] if _count_upwards(found) else found


def _count_upwards(falling: Sequence[Sibling]) -> bool:
    """Whether the greatest counter is the youngest, to judge by plain files, else by compressed ones; never by both kinds."""
    plain = [sibling for sibling in falling if not sibling.packed]
    alike = plain if len(plain) > 1 else [sibling for sibling in falling if sibling.packed]
    return len(alike) > 1 and alike[0].counted and alike[0].modified > alike[-1].modified


def current_of(path: Path) -> Path:
    """The file that a rotated one was, to judge by its name and by what is beside it; else the file itself."""
    for cut in range(len(path.name) - 1, 0, -1):
        current = path.with_name(path.name[:cut])
        if _ROTATED.fullmatch(path.name, cut) and current.exists():
            return current
    return path


def identity_of(path: Path) -> Identity | None:
    """Which file is at a path now; `None` if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _listed(path: Path) -> list[Sibling]:
    try:
        with os.scandir(path.parent) as entries:
            names = sorted(entry.name for entry in entries if entry.name.startswith(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SourceError(f"cannot list {str(path.parent)!r}: {error.strerror}; check its path and permissions") from error
    found = [_sibling(path, name) for name in names]
    return [sibling for sibling in found if sibling is not None]


def _sibling(path: Path, name: str) -> Sibling | None:
    match = _ROTATED.fullmatch(name, len(path.name))
    if match is None:
        return None
    try:
        status = path.with_name(name).stat()
    except OSError:  # It was rotated away since the folder was listed, or is a dangling link.
        return None
    identity = (status.st_dev, status.st_ino)
    return Sibling(path.with_name(name), identity, status.st_mtime_ns, _rank(match["number"]))


def _rank(number: str) -> tuple[int, ...]:
    """Dates rise with time; counters are taken to fall."""
    parts = tuple(int(part[:18]) for part in re.findall(r"\d+", number)) or (0,)
    return (-parts[0],) if len(parts) == 1 and parts[0] < _COUNTER_BELOW else parts
