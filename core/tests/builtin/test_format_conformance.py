"""The kit's tests for the formats that come with the core."""

from __future__ import annotations

from typing import ClassVar

from alert_core.builtin.auto import AutoFormat
from alert_core.builtin.cef import CefFormat
from alert_core.builtin.csv import CsvFormat
from alert_core.builtin.leef import LeefFormat
from alert_core.builtin.lines import NetfilterFormat, SshdFormat
from alert_core.builtin.mappings import EcsFormat, EveFormat, OcsfFormat
from alert_core.builtin.syslog import SyslogFormat
from alert_core.testing import FormatConformance

CEF = b"CEF:0|v|p|1|100|a \\| name|7|src=192.0.2.1 cnt=3 cs1Label=Profile cs1=Office rt=1700000000123 msg=a\\=b\\nc"
LEEF = b"LEEF:2.0|v|p|1|41|^|src=192.0.2.1^sev=5^devTime=1700000000123^usrName=bob"
NEW = b'<165>1 2026-03-14T15:09:26.003Z db-1 app 8710 ID47 [x@1 iut="3" text="a\\"b"] An entry'
OLD = "<38>2026-03-14T15:09:26+01:00 伺服器 app[7]: text".encode()
EVE = b'{"timestamp": "2026-03-14T15:09:26.251547+0100", "event_type": "alert", "alert": {"signature": "x", "severity": 2}}'
OCSF = b'{"class_uid": 3002, "time": 1772366400000, "severity_id": 4, "metadata": {}, "user": {"name": "bob"}}'
ECS = b'{"@timestamp": "2026-03-14T15:09:26Z", "event": {"dataset": "system.auth"}, "host": {"ip": ["192.0.2.1"]}}'
SSHD = b"2026-03-14T15:09:26Z db-1 sshd[8]: Failed password for invalid user bob from 192.0.2.1 port 1 ssh2"
PACKET = b"2026-03-14T15:09:26Z fw kernel: [UFW BLOCK] IN=a OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 PROTO=TCP SPT=1 DPT=2"


class TestAuto(FormatConformance):
    format = AutoFormat
    records = (CEF, LEEF, NEW, EVE, OCSF, ECS, SSHD, PACKET)


class TestCef(FormatConformance):
    format = CefFormat
    records = (CEF, b"<134>" + CEF, b"<134>1 2026-03-14T15:09:26Z fw p - - - CEF:1|v|p|1|1|n|Low|act=x")


class TestCsv(FormatConformance):
    format = CsvFormat
    settings: ClassVar[dict[str, object]] = {"columns": "time,type,computer,note"}
    records = (b"2026-03-14T15:09:26Z,risk,pc-1,x", b'2026-03-14T15:09:27Z,risk,"pc,2","a ""b"""')


class TestLeef(FormatConformance):
    format = LeefFormat
    records = (LEEF, b"<13>1 2026-03-14T15:09:26Z fw p - - - LEEF:1.0|v|p|1|41|src=192.0.2.1\tsev=5")


class TestSyslog(FormatConformance):
    format = SyslogFormat
    records = (NEW, OLD, b"<13>1 - - - - - -")


class TestSyslogWithMappedFields(TestSyslog):
    settings: ClassVar[dict[str, object]] = {"programs": ["app"], "fields": {"user": "x@1.iut"}}


class TestEcs(FormatConformance):
    format = EcsFormat
    records = (ECS, ECS.replace(b"system", b"kernel"))


class TestEve(FormatConformance):
    format = EveFormat
    records = (EVE, EVE.replace(b"alert", b"flow"))


class TestOcsf(FormatConformance):
    format = OcsfFormat
    records = (OCSF, OCSF.replace(b"3002", b"2004"))


class TestSshd(FormatConformance):
    format = SshdFormat
    records = (SSHD, SSHD.replace(b"Failed", b"Accepted"), OLD)


class TestNetfilter(FormatConformance):
    format = NetfilterFormat
    records = (PACKET, PACKET.replace(b"BLOCK", b"ALLOW"), OLD)
