"""The format `sepm`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from alert_core import Event, Format
from alert_sepm.settings import SepmFormatSettings

if TYPE_CHECKING:
    from alert_core.projection import BlockDecoder, Projection
    from alert_sepm._records import Records

__all__ = ["SepmFormat"]


class SepmFormat(Format[SepmFormatSettings]):
    """Records of Symantec Endpoint Protection Manager: its syslog messages, its dump files, and its critical events.

    All logs of all versions are read, in English and in what is known of other languages. The computer is the client, not the
    manager; `Occurrences` are counted; what is cut off is kept and marked.
    """

    name = "sepm"
    label = "Symantec Endpoint Protection Manager"

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return self._records.decode(records)

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        return self._records.decoder(projection)

    @classmethod
    def recognises(cls, text: str) -> bool:
        return _recogniser()(text)

    @cached_property
    def _records(self) -> Records:
        from alert_sepm._records import Records

        return Records(self.settings)


@cache
def _recogniser() -> Callable[[str], bool]:
    from alert_sepm._records import recognised

    return recognised
