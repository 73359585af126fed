"""Which events have been handed on, on disk, so that a restart does not hand them on again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from alert_core import SourceError

__all__ = ["Seen"]

_KEPT = timedelta(days=30)


class _State(msgspec.Struct):
    """What is on disk.

    Attributes:
        count: How many have ever been handed on.
        listed: On which day each of those that are known was last listed.
        skipped: Those of them that were not handed on.
    """

    count: int = 0
    listed: dict[str, date] = {}
    skipped: set[str] = set()


class Seen:
    """The identities of events that have been handed on.

    One that is not listed any more is forgotten after 30 days, in case it was left out of a list by mistake.

    Args:
        path: The file; it and its folder are made when something is kept.

    Raises:
        SourceError: The file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.empty = not path.exists()
        try:
            self._state = _State() if self.empty else msgspec.json.decode(path.read_bytes(), type=_State)
        except (OSError, msgspec.MsgspecError) as error:
            raise SourceError(f"{str(path)!r} cannot be read: {error}; delete it to take all events again") from error

    @property
    def count(self) -> int:
        """How many have ever been handed on."""
        return self._state.count

    def has(self, identity: str) -> bool:
        """Whether an event has been handed on, or skipped on purpose."""
        return identity in self._state.listed

    def was_skipped(self, identity: str) -> bool:
        """Whether an event was skipped on purpose."""
        return identity in self._state.skipped

    def add(self, identities: Sequence[str]) -> None:
        """Keep that these have been handed on."""
        self._state.count += len(identities)
        self._state.listed |= dict.fromkeys(identities, _today())
        self._write()

    def skip(self, identities: Iterable[str]) -> None:
        """Keep that these are not to be handed on."""
        self._state.skipped.update(identities)
        self._state.listed |= dict.fromkeys(self._state.skipped, _today())
        self._write()

    def still_listed(self, identities: Iterable[str]) -> None:
        """Keep that these are listed today, and forget what has not been for long."""
        today = _today()
        listed = {identity: day for identity, day in self._state.listed.items() if today - day <= _KEPT}
        listed |= dict.fromkeys(identities, today)
        if listed != self._state.listed:
            self._state.listed = listed
            self._state.skipped &= listed.keys()
            self._write()

    def _write(self) -> None:
        self.empty = False
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                file.write(msgspec.json.encode(self._state))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise SourceError(f"{str(self._path)!r} cannot be written: {error.strerror or error}") from error


def _today() -> date:
    return datetime.now(UTC).date()
