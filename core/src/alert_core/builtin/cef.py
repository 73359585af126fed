"""The format `cef`: ArcSight's Common Event Format, versions 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from alert_core.builtin._marked import MarkedFormat

if TYPE_CHECKING:
    from alert_core.builtin._marked_records import MarkedRecords

__all__ = ["CefFormat"]


class CefFormat(MarkedFormat):
    """Records of CEF 0 and 1, with or without a syslog header.

    The signature is the type of the event, labelled custom fields become attributes by their labels, and `cnt` is counted.
    """

    name = "cef"
    label = "CEF (ArcSight)"
    mark = "CEF:"
    mapping: ClassVar[Mapping[str, Sequence[str]]] = {
        "time": ("rt", "end", "start", "deviceReceiptTime", "endTime", "startTime"),
        "computer": ("dhost", "destinationHostName", "dst", "dvchost", "deviceHostName", "dvc", "shost", "src"),
        "server": ("dvchost", "deviceHostName", "dvc", "deviceAddress"),
        "user": ("duser", "destinationUserName", "suser", "sourceUserName"),
        "domain": ("dntdom", "sntdom"),
        "application": ("dproc", "destinationProcessName", "sproc", "app"),
        "action": ("act", "deviceAction"),
        "source_address": ("src", "sourceAddress", "c6a2"),
        "destination_address": ("dst", "destinationAddress", "c6a3"),
        "source_port": ("spt", "sourcePort"),
        "destination_port": ("dpt", "destinationPort"),
        "protocol": ("proto", "transportProtocol"),
        "count": ("cnt", "baseEventCount"),
        "message": ("msg", "message"),
    }

    @cached_property
    def _records(self) -> MarkedRecords:
        from alert_core.builtin._cef_records import CefRecords

        return CefRecords(type(self), self.settings)
