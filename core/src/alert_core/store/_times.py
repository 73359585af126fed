"""Points in time as the database keeps them: whole microseconds since 1970 in UTC, so that they sort and compare exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

__all__ = ["from_micros", "to_micros"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def to_micros(moment: datetime) -> int: ...
@overload
def to_micros(moment: None) -> None: ...
def to_micros(moment: datetime | None) -> int | None:
    """The stored form; integer arithmetic only, because `timestamp()` is a float and loses microseconds."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


@overload
def from_micros(stored: int) -> datetime: ...
@overload
def from_micros(stored: None) -> None: ...
def from_micros(stored: int | None) -> datetime | None:
    """The moment in UTC that a stored number stands for."""
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)
