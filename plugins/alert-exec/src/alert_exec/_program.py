"""Finding the program: only what lies in the program folder, and only what nobody else can exchange."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from alert_core import DeliveryError


def locate(folder: Path, name: str) -> Path:
    """The real path of a program.

    A link may point to another file of the folder. The path is checked and then run by its name, because a script is opened by
    name once more by its interpreter anyway. Whoever could exchange the file in between could have put a program of their own
    there to begin with; so neither the file nor any folder on the way to it may be writable by everyone.

    Raises:
        DeliveryError: There is no such program, or it must not be run.
    """
    try:
        root = folder.resolve(strict=True)
        path = (root / name).resolve(strict=True)
        mode = _mode(path)
        root_mode = root.stat().st_mode
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "links lead in a circle"
        raise DeliveryError(f"no program {name!r} in the folder {folder}: {reason}", retryable=False) from error
    if not path.is_relative_to(root):
        raise _refusal(name, "it is a link that leaves the program folder")
    if not stat.S_ISREG(mode):
        raise _refusal(name, "it is not a regular file")
    if not os.access(path, os.X_OK):
        raise _refusal(name, "it is not executable; use chmod +x")
    if (mode | root_mode) & stat.S_IWOTH:
        raise _refusal(name, "it or its folder can be written by everyone; use chmod o-w")
    for above in path.parents:
        if _exchangeable(above):
            raise _refusal(name, f"everyone can exchange its folder, because {above} can be written by everyone")
    return path


def _exchangeable(folder: Path) -> bool:
    mode = folder.stat().st_mode
    return bool(mode & stat.S_IWOTH and not mode & stat.S_ISVTX)


def _mode(path: Path) -> int:
    # What was resolved is no link any more; one that takes its place in between is seen as the link that it is.
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return os.fstat(descriptor).st_mode
    finally:
        os.close(descriptor)


def _refusal(name: str, reason: str) -> DeliveryError:
    return DeliveryError(f"program {name!r} is not run: {reason}", retryable=False)
