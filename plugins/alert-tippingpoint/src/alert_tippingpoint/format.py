"""The format `tippingpoint`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from alert_core import Event, Format
from alert_tippingpoint.settings import TippingPointSettings

if TYPE_CHECKING:
    from alert_tippingpoint._messages import Messages

__all__ = ["TippingPointFormat"]


class TippingPointFormat(Format[TippingPointSettings]):
    """Syslog messages of TippingPoint's Security Management System (SMS), in CEF and tab-delimited, and of its devices.

    A hit of a filter becomes an event of type `ips-hit`, whichever layout tells of it; its hits are counted. The computer is
    the destination, and the attacker `source_address`. Other messages become events of type `log`.
    """

    name = "tippingpoint"
    label = "TippingPoint SMS and devices"

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return self._messages.decode(records)

    @classmethod
    def recognises(cls, text: str) -> bool:
        return _recogniser()(text)

    @cached_property
    def _messages(self) -> Messages:
        from alert_tippingpoint._messages import Messages

        return Messages(self.settings, self.context)


@cache
def _recogniser() -> Callable[[str], bool]:
    from alert_tippingpoint._messages import recognised

    return recognised
