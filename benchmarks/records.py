"""The stream's events as the products of this world would write them, one list of records for each way of writing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks.events import Stream

Said = dict[str, Any]

_SYSLOG_SEVERITIES = (6, 6, 5, 4, 3, 2)
_COLUMNS = (
    "time", "type", "computer", "group", "domain", "server", "user", "risk", "application", "severity", "action", "src_ip",
    "dst_ip", "src_port", "dst_port", "message",
)  # fmt: skip
CSV_HEADER = ",".join(_COLUMNS)


def records(name: str, size: int) -> list[bytes]:
    """The first events of the stream, written in one way.

    Args:
        name: A key of `WRITERS`.
        size: How many.
    """
    write = WRITERS[name]
    return [write(json.loads(line)).encode() for line in Stream(size).lines()]


def _compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))


def _mapped(said: Said) -> str:
    """The same object with keys of its own, one level deep."""
    others = {"time": "ts", "type": "kind", "computer": "host", "user": "account", "severity": "level"}
    return _compact({others.get(name, name): value for name, value in said.items()})


def _ecs(said: Said) -> str:
    return _compact(
        {
            "@timestamp": said["time"],
            "ecs": {"version": "8.11.0"},
            "agent": {"type": "filebeat", "version": "8.12.0"},
            "event": {"dataset": said["type"], "action": said["action"], "severity": said["severity"], "kind": "event"},
            "host": {"name": said["computer"], "hostname": said["computer"]},
            "user": {"name": said["user"], "domain": said["domain"]},
            "source": {"ip": said["src_ip"], "port": said["src_port"]},
            "destination": {"ip": said["dst_ip"], "port": said["dst_port"]},
            "process": {"name": said["application"]},
            "message": said["message"],
        }
    )


def _ocsf(said: Said) -> str:
    return _compact(
        {
            "time": int(_moment(said).timestamp() * 1000),
            "class_uid": 4001,
            "class_name": "Network Activity",
            "category_uid": 4,
            "activity_id": 6,
            "type_uid": 400106,
            "severity_id": said["severity"],
            "metadata": {"version": "1.1.0", "product": {"name": "Sensor", "vendor_name": "Example"}},
            "device": {"hostname": said["computer"], "ip": said["src_ip"]},
            "actor": {"user": {"name": said["user"], "domain": said["domain"]}, "process": {"name": said["application"]}},
            "src_endpoint": {"ip": said["src_ip"], "port": said["src_port"]},
            "dst_endpoint": {"ip": said["dst_ip"], "port": said["dst_port"]},
            "message": said["message"],
        }
    )


def _eve(said: Said) -> str:
    return _compact(
        {
            "timestamp": f"{_moment(said):%Y-%m-%dT%H:%M:%S.%f}+0000",
            "flow_id": 1234567890123456,
            "in_iface": "eth0",
            "event_type": "alert",
            "src_ip": said["src_ip"],
            "src_port": said["src_port"],
            "dest_ip": said["dst_ip"],
            "dest_port": said["dst_port"],
            "proto": "TCP",
            "alert": {
                "action": "allowed",
                "gid": 1,
                "signature_id": 2018358,
                "rev": 7,
                "signature": said["message"],
                "category": "Potentially Bad Traffic",
                "severity": 1 + said["severity"] % 4,
            },
            "app_proto": "http",
            "flow": {"pkts_toserver": 4, "pkts_toclient": 3, "bytes_toserver": 496, "bytes_toclient": 1190},
        }
    )


def _cef(said: Said) -> str:
    return (
        f"CEF:0|Example|Sensor|2.1|{said['type']}|{said['message']}|{2 * said['severity']}|rt={_milliseconds(said)} "
        f"dvchost={said['server']} dhost={said['computer']} duser={said['user']} dntdom={said['domain']} "
        f"src={said['src_ip']} spt={said['src_port']} dst={said['dst_ip']} dpt={said['dst_port']} proto=TCP "
        f"act={said['action']} dproc={said['application']} cnt=1 "
        f"cs1Label=Group cs1={said['group']} cs2Label=Risk cs2={said['risk']}"
    )


def _leef(said: Said) -> str:
    pairs = {
        "devTime": _milliseconds(said),
        "resource": said["computer"],
        "usrName": said["user"],
        "domain": said["domain"],
        "src": said["src_ip"],
        "srcPort": said["src_port"],
        "dst": said["dst_ip"],
        "dstPort": said["dst_port"],
        "proto": "TCP",
        "action": said["action"],
        "application": said["application"],
        "sev": 2 * said["severity"],
        "groupID": said["group"],
        "msg": said["message"],
    }
    written = "\t".join(f"{key}={value}" for key, value in pairs.items())
    return f"LEEF:1.0|Example|Sensor|2.1|{said['type']}|{written}"


def _new_syslog(said: Said) -> str:
    return f"{_new_header(said)} - {said['message']}"


def _structured(said: Said) -> str:
    """With the parameters that a firewall or a proxy would put there."""
    pairs = (
        ("user", "user"), ("domain", "domain"), ("group", "group"), ("src", "src_ip"), ("spt", "src_port"), ("dst", "dst_ip"),
        ("dpt", "dst_port"), ("action", "action"),
    )  # fmt: skip
    written = " ".join(f'{name}="{said[field]}"' for name, field in pairs)
    return f"{_new_header(said)} [sensor@32473 {written}] {said['message']}"


def _new_header(said: Said) -> str:
    return f"<{_priority(said)}>1 {said['time']} {said['computer']} sensor 4711 {said['type']}"


def _old_syslog(said: Said) -> str:
    return f"<{_priority(said)}>{_old_stamp(said)} {said['computer']} sensor[4711]: {said['message']}"


def _csv(said: Said) -> str:
    return ",".join(str(said[name]) for name in _COLUMNS)


def _sshd(said: Said) -> str:
    """What a machine that the Internet can reach writes: mostly failures."""
    header = f"{_old_stamp(said)} {said['computer']} sshd[{said['dst_port']}]:"
    where = f"from {said['src_ip']} port {said['src_port']}"
    return (
        f"{header} Failed password for {said['user']} {where} ssh2",
        f"{header} Failed password for invalid user {said['user']} {where} ssh2",
        f"{header} Invalid user {said['user']} {where}",
        f"{header} Connection closed by authenticating user {said['user']} {where} [preauth]",
        f"{header} Received disconnect {where}:11: Bye Bye [preauth]",
        f"{header} Accepted publickey for {said['user']} {where} ssh2: ED25519 SHA256:n0tAK3yn0tAK3yn0tAK3y",
    )[said["severity"]]


def _netfilter(said: Said) -> str:
    return (
        f"{_old_stamp(said)} {said['computer']} kernel: [{said['src_port']}.{said['dst_port']:06d}] [UFW BLOCK] IN=eth0 OUT= "
        f"MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC={said['src_ip']} DST={said['dst_ip']} LEN=60 TOS=0x00 PREC=0x00 "
        f"TTL=52 ID=4711 DF PROTO=TCP SPT={said['src_port']} DPT={said['dst_port']} WINDOW=29200 RES=0x00 SYN URGP=0"
    )


def _sepm(said: Said) -> str:
    """Traffic and risks, in equal parts."""
    at = f"{_moment(said):%Y-%m-%d %H:%M:%S}"
    header = f"<54>{_old_stamp(said)} {said['server']} SymantecServer: "
    if said["src_port"] % 2:
        return (
            f"{header}{said['computer']},Local Host IP: {said['dst_ip']},Local Port: {said['dst_port']},"
            f"Local Host MAC: 020000000001,Remote Host IP: {said['src_ip']},Remote Host Name: ,Remote Port: {said['src_port']},"
            f"Remote Host MAC: 020000000002,TCP,Inbound,Begin: {at},End Time: {at},Occurrences: 4,"
            f"Application: C:/{said['application']},Rule: Block all,"
            f"Location: Default,User Name: {said['user']},Domain Name: {said['domain']},Action: Blocked,SHA-256: ,MD-5: "
        )
    return (
        f"{header}Virus found,IP Address: {said['src_ip']},Computer name: {said['computer']},Source: Auto-Protect scan,"
        f"Risk name: {said['risk'] or 'EICAR Test String'},Occurrences: 1,C:\\TEMP\\{said['application']},,"
        f"Actual action: Cleaned by deletion,Requested action: Cleaned,Secondary action: Quarantined,Event time: {at},"
        f"Inserted: {at},End: {at},Last update time: {at},Domain: {said['domain']},Group: My Company\\{said['group']},"
        f"Server: {said['server']},User: {said['user']},Source computer: ,Source IP: ,Disposition: Bad,Download site: ,"
        "Web domain: ,Downloaded by: chrome.exe,Prevalence: ,Confidence: ,URL Tracking Status: On,First Seen: ,Sensitivity: ,"
        "Permitted application reason: Not on the permitted application list,Application hash: 00,Hash type: SHA2,"
        "Company name: ,Application name: eicar.com,Application version: ,Application type: 127,File size (bytes): 68,"
        "Category set: Malware,Category type: Virus,Location: Default,Intensive Protection Level: 0,Certificate issuer: ,"
        "Certificate signer: ,Certificate thumbprint: ,Signing timestamp: 0,Certificate serial number: "
    )


def _tippingpoint(said: Said) -> str:
    return (
        f"<36>CEF:0|TippingPoint|UnityOne|1.0.0.17|{said['dst_port']}|{said['dst_port']}: {said['message']}|4|app=http cnt=1 "
        f"dst={said['dst_ip']} dpt={said['dst_port']} act=Block cn1=0 cn1Label=VLAN ID cn2=33618179 cn2Label=Taxonomy cn3=0 "
        "cn3Label=Packet Trace cs1=Default cs1Label=Profile Name cs2=00000001-0001-0001-0001-000000003814 cs2Label=Policy UUID "
        "cs3=00000001-0001-0001-0001-000000003814 cs3Label=Signature UUID cs4=1-1A 1-1B cs4Label=ZoneNames cs5=SMS "
        f"cs5Label=SMS Name dvchost={said['server']} cs6= cs6Label=Filter Message Parms srcip= externalId={said['src_port']} "
        f"rt={_milliseconds(said)} cat=Exploits proto=TCP deviceInboundInterface=3 src={said['src_ip']} spt={said['src_port']} "
        "request= requestMethod= dhost= sourceTranslatedAddress= suser= sntdom= duser= dntdom="
    )


def _any(said: Said) -> str:
    """A receiver to which everything sends."""
    ways = (_compact, _cef, _new_syslog, _old_syslog, _sshd, _leef)
    return ways[said["src_port"] % len(ways)](said)


def _moment(said: Said) -> datetime:
    return datetime.fromisoformat(said["time"]).astimezone(UTC)


def _milliseconds(said: Said) -> int:
    return round(_moment(said).timestamp() * 1000)


def _old_stamp(said: Said) -> str:
    moment = _moment(said)
    return f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}"


def _priority(said: Said) -> int:
    return 16 * 8 + _SYSLOG_SEVERITIES[said["severity"]]


WRITERS: dict[str, Callable[[Said], str]] = {
    "json": _compact,
    "mapped": _mapped,
    "ecs": _ecs,
    "ocsf": _ocsf,
    "eve": _eve,
    "cef": _cef,
    "cef in syslog": lambda said: f"<{_priority(said)}>{_old_stamp(said)} {said['server']} {_cef(said)}",
    "leef": _leef,
    "5424": _new_syslog,
    "5424 with data": _structured,
    "3164": _old_syslog,
    "csv": _csv,
    "sshd": _sshd,
    "netfilter": _netfilter,
    "any": _any,
    "sepm": _sepm,
    "tippingpoint": _tippingpoint,
}
"""How a record is written, by a name for it."""
