"""What `cef` and `leef` have in common: a record that begins with a mark, perhaps behind a syslog header."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from alert_core.builtin._flat import FlatSettings
from alert_core.components import Format
from alert_core.model import Event

if TYPE_CHECKING:
    from alert_core.builtin._marked_records import MarkedRecords
    from alert_core.projection import BlockDecoder, Projection

__all__ = ["SCALE", "MarkedFormat"]

SCALE = ((0, "information"), (3, "low"), (6, "minor"), (8, "major"))
"""0 to 10, as both formats number severities; CEF calls these steps low (from 0), medium, high and very high."""


class MarkedFormat(Format[FlatSettings]):
    """A record with a mark, whose keys fill fields.

    Attributes:
        mark: What a record begins with.
        mapping: Event field = the keys that fill it, the first choice first.
    """

    mark: ClassVar[str]
    mapping: ClassVar[Mapping[str, Sequence[str]]]

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return self._records.decode(records)

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        return self._records.decoder(projection)

    @classmethod
    def recognises(cls, text: str) -> bool:
        # Behind a longer header the format `syslog` finds it, which knows where the header ends.
        return text.startswith(cls.mark) or (text[:1] == "<" and f">{cls.mark}" in text[:10])

    @cached_property
    @abstractmethod
    def _records(self) -> MarkedRecords:
        """What reads the records. Its module is imported here, because compiling expressions takes long."""
