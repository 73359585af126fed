"""Proves the quality level of what the core itself brings to `alert plugins --check builtin`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from alert_core.builtin.auto import AutoFormat
from alert_core.builtin.cef import CefFormat
from alert_core.builtin.csv import CsvFormat
from alert_core.builtin.json import JsonFormat
from alert_core.builtin.leef import LeefFormat
from alert_core.builtin.lines import NetfilterFormat, SshdFormat
from alert_core.builtin.mappings import EcsFormat, EveFormat, OcsfFormat
from alert_core.builtin.pattern import PatternFormat
from alert_core.builtin.syslog import SyslogFormat
from alert_core.builtin.threshold import ThresholdCondition
from alert_core.model import Event
from alert_core.testing.condition import ConditionConformance
from alert_core.testing.format import FormatConformance

__all__ = [
    "AutoConformance",
    "CefConformance",
    "CsvConformance",
    "EcsConformance",
    "EveConformance",
    "JsonConformance",
    "LeefConformance",
    "NetfilterConformance",
    "OcsfConformance",
    "PatternConformance",
    "SshdConformance",
    "SyslogConformance",
    "ThresholdConformance",
]

_START = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


class JsonConformance(FormatConformance):
    """The format `json`."""

    format = JsonFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"time": "2026-03-14T15:09:26Z", "type": "auth-failure", "computer": "db-1", "user": "root", "count": 3}',
        b'{"time": "2026-03-14T16:09:26+01:00", "type": "risk", "severity": "major", "depth": {"a": [1, null]}}',
        '{"time": 1773500966.5, "type": "risk", "computer": "伺服器", "message": "two\\nlines \\u202e"}'.encode(),
    )


class PatternConformance(FormatConformance):
    """The format `pattern`."""

    format = PatternFormat
    settings: ClassVar[Mapping[str, Any]] = {
        "patterns": [{"regex": r"(?P<computer>\S+) login of (?P<user>.*) failed$", "type": "auth-failure"}],
        "time_format": "iso8601",
    }
    records: ClassVar[Sequence[bytes]] = (
        b"2026-03-14T15:09:26Z db-1 login of root failed",
        "2026-03-14T15:09:27Z 伺服器 login of Zoë failed".encode(),
        b"2026-03-14T15:09:28Z db-1 login of  failed",
    )


class SyslogConformance(FormatConformance):
    """The format `syslog`, in both forms."""

    format = SyslogFormat
    settings: ClassVar[Mapping[str, Any]] = {"year": 2026}
    records: ClassVar[Sequence[bytes]] = (
        b'<165>1 2026-03-14T15:09:26.003Z db-1 app 8710 ID47 [ex@32473 iut="3"] it has happened',
        b"<34>Mar 14 15:09:27 db-1 su[42]: failed for root",
        "Mar 14 15:09:28 伺服器 app: düster".encode(),
    )


class CefConformance(FormatConformance):
    """The format `cef`."""

    format = CefFormat
    settings: ClassVar[Mapping[str, Any]] = {"year": 2026}
    records: ClassVar[Sequence[bytes]] = (
        b"CEF:0|Vendor|Product|1.0|5670|SQL Injection|4|app=http cnt=3 dst=192.0.2.5 rt=1773500966000 src=203.0.113.4",
        b"CEF:1|v|p|1|100|a \\| in the name|3|src=10.0.0.1 msg=a\\=b\\nc rt=1773500967000",
    )


class LeefConformance(FormatConformance):
    """The format `leef`."""

    format = LeefFormat
    settings: ClassVar[Mapping[str, Any]] = {"year": 2026}
    records: ClassVar[Sequence[bytes]] = (
        b"LEEF:2.0|Vendor|Product|1.0|41|^|src=192.0.2.1^sev=5^usrName=bob^devTime=1773500966000^msg=there are spaces",
        b"LEEF:1.0|v|p|1|id|src=192.0.2.2\tdevTime=1773500967000\tcat=anomaly",
    )


class CsvConformance(FormatConformance):
    """The format `csv`."""

    format = CsvFormat
    settings: ClassVar[Mapping[str, Any]] = {"columns": ["time", "type", "computer", "message"]}
    records: ClassVar[Sequence[bytes]] = (
        b'2026-03-14T15:09:26Z,auth-failure,db-1,"failed, twice"',
        '2026-03-14T15:09:27Z,risk,伺服器,"said ""no"""'.encode(),
    )


class EcsConformance(FormatConformance):
    """The format `ecs`."""

    format = EcsFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"@timestamp": "2026-03-14T15:09:26Z", "event": {"dataset": "auth"}, "host": {"name": "db-1"}, "user": {"id": 0}}',
        b'{"@timestamp": "2026-03-14T15:09:27Z", "event.dataset": "auth", "host.name": "db-2"}',
    )


class OcsfConformance(FormatConformance):
    """The format `ocsf`."""

    format = OcsfFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"time": 1773500966000, "class_uid": 3002, "severity_id": 3, "device": {"hostname": "db-1"}}',
        b'{"time": 1773500967000, "class_uid": 2004, "severity_id": 5, "message": "found"}',
    )


class EveConformance(FormatConformance):
    """The format `eve`."""

    format = EveFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"timestamp": "2026-03-14T15:09:26.000000+0000", "event_type": "alert", "dest_ip": "192.0.2.5", '
        b'"alert": {"signature": "ET SCAN", "severity": 2}}',
        b'{"timestamp": "2026-03-14T15:09:27.000000+0000", "event_type": "dns", "src_ip": "203.0.113.4"}',
    )


class SshdConformance(FormatConformance):
    """The format `sshd`."""

    format = SshdFormat
    settings: ClassVar[Mapping[str, Any]] = {"year": 2026}
    records: ClassVar[Sequence[bytes]] = (
        b"Mar 14 15:09:26 db-1 sshd[24]: Failed password for invalid user eve from 203.0.113.4 port 4711 ssh2",
        b"Mar 14 15:09:27 db-1 sshd[25]: Accepted publickey for ann from 203.0.113.5 port 4712 ssh2",
    )


class NetfilterConformance(FormatConformance):
    """The format `netfilter`."""

    format = NetfilterFormat
    settings: ClassVar[Mapping[str, Any]] = {"year": 2026}
    records: ClassVar[Sequence[bytes]] = (
        b"Mar 14 15:09:26 fw-1 kernel: [1.5] DROP IN=eth0 OUT= SRC=203.0.113.4 DST=192.0.2.5 LEN=60 PROTO=TCP SPT=4711 DPT=22",
        b"Mar 14 15:09:27 fw-1 kernel: DROP IN=eth0 OUT= MAC= SRC=203.0.113.4 DST=192.0.2.5 LEN=60 PROTO=UDP SPT=53 DPT=53",
    )


class AutoConformance(FormatConformance):
    """The format `auto`, with records of several formats."""

    format = AutoFormat
    settings: ClassVar[Mapping[str, Any]] = {"year": 2026}
    records: ClassVar[Sequence[bytes]] = (
        SyslogConformance.records[0],
        CefConformance.records[0],
        LeefConformance.records[0],
        JsonConformance.records[0],
    )


class ThresholdConformance(ConditionConformance):
    """The condition `threshold`, for each computer by itself."""

    condition = ThresholdCondition
    settings: ClassVar[Mapping[str, Any]] = {
        "event_types": ["auth-failure"],
        "per": "single-computer",
        "count": 3,
        "minutes": 5,
    }

    def events(self) -> list[Event]:
        """Two computers, one of which reaches the threshold twice."""
        return [
            Event(
                time=_START + timedelta(seconds=20 * number),
                type="auth-failure",
                id=f"event-{number}",
                computer="quiet" if number == 4 else "noisy",
            )
            for number in range(8)
        ]
