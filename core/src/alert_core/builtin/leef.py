"""The format `leef`: QRadar's Log Event Extended Format, 1.0 and 2.0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from alert_core.builtin._marked import MarkedFormat

if TYPE_CHECKING:
    from alert_core.builtin._marked_records import MarkedRecords

__all__ = ["LeefFormat"]


class LeefFormat(MarkedFormat):
    """Records of LEEF 1.0 and 2.0, with or without a syslog header.

    The event id is the type of the event. The delimiter is understood however a sender writes it.
    """

    name = "leef"
    label = "LEEF (QRadar)"
    mark = "LEEF:"
    mapping: ClassVar[Mapping[str, Sequence[str]]] = {
        "time": ("devTime",),
        "computer": ("resource", "identHostName", "dstName", "dst", "src"),
        "user": ("usrName", "accountName"),
        "domain": ("domain", "identNetBios"),
        "group": ("groupID", "identGrpName"),
        "action": ("action", "act"),
        "application": ("application", "app"),
        "source_address": ("src", "identSrc"),
        "destination_address": ("dst",),
        "source_port": ("srcPort", "spt"),
        "destination_port": ("dstPort", "dpt"),
        "protocol": ("proto",),
        "count": ("count", "cnt"),
        "severity": ("sev", "severity"),
        "message": ("msg",),
    }

    @cached_property
    def _records(self) -> MarkedRecords:
        from alert_core.builtin._leef_records import LeefRecords

        return LeefRecords(type(self), self.settings)
