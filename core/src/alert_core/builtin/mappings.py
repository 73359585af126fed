"""Ready mappings of well-known JSON events: `ecs`, `ocsf` and `eve`. They are data on top of the format `json`."""

from __future__ import annotations

from alert_core.builtin._flat import SEVERITY_WORDS
from alert_core.builtin.json import JsonFormat, Mapping

__all__ = ["EcsFormat", "EveFormat", "OcsfFormat"]

_OCSF_CLASSES = {
    "1001": "File System Activity", "1002": "Kernel Extension Activity", "1003": "Kernel Activity", "1004": "Memory Activity",
    "1005": "Module Activity", "1006": "Scheduled Job Activity", "1007": "Process Activity", "1008": "Event Log Activity",
    "2001": "Security Finding", "2002": "Vulnerability Finding", "2003": "Compliance Finding", "2004": "Detection Finding",
    "2005": "Incident Finding", "2006": "Data Security Finding",
    "3001": "Account Change", "3002": "Authentication", "3003": "Authorize Session", "3004": "Entity Management",
    "3005": "User Access Management", "3006": "Group Management",
    "4001": "Network Activity", "4002": "HTTP Activity", "4003": "DNS Activity", "4004": "DHCP Activity",
    "4005": "RDP Activity",
    "4006": "SMB Activity", "4007": "SSH Activity", "4008": "FTP Activity", "4009": "Email Activity",
    "4010": "Network File Activity", "4011": "Email File Activity", "4012": "Email URL Activity", "4013": "NTP Activity",
    "4014": "Tunnel Activity",
    "5001": "Device Inventory Info", "5002": "Device Config State", "5003": "User Inventory Info",
    "6001": "Web Resources Activity", "6002": "Application Lifecycle", "6003": "API Activity",
    "6004": "Web Resource Access Activity", "6005": "Datastore Activity", "6006": "File Hosting Activity",
    "6007": "Scan Activity",
}  # fmt: skip


class EcsFormat(JsonFormat):
    """Events in the Elastic Common Schema, as Beats, Elastic Agent and Logstash write them, nested or with dotted keys."""

    name = "ecs"
    label = "Elastic Common Schema (JSON)"
    mapping = Mapping(
        fields={
            "time": ("@timestamp",),
            "type": ("event.dataset", "data_stream.dataset", "event.module", "event.kind"),
            "computer": ("host.hostname", "host.name", "host.ip.0", "host.ip", "destination.ip"),
            "server": ("observer.name", "observer.hostname", "agent.name"),
            "user": ("user.name", "user.email", "user.id"),
            "domain": ("user.domain", "host.domain"),
            "risk": ("rule.name", "threat.indicator.name", "vulnerability.id"),
            "application": ("process.name", "service.name"),
            "action": ("event.action",),
            "severity": ("event.severity", "kibana.alert.severity", "log.level", "log.syslog.severity.name"),
            "source_address": ("source.ip", "client.ip", "source.address"),
            "source_port": ("source.port", "client.port"),
            "destination_address": ("destination.ip", "server.ip", "destination.address"),
            "destination_port": ("destination.port", "server.port"),
            "protocol": ("network.transport", "network.protocol"),
            "message": ("message", "event.original"),
        },
        values={"severity": SEVERITY_WORDS},
        default_type="ecs",
    )

    @classmethod
    def recognises(cls, text: str) -> bool:
        return text.startswith("{") and '"@timestamp"' in text and ('"ecs' in text or '"event' in text)


class OcsfFormat(JsonFormat):
    """Events in the Open Cybersecurity Schema Framework; the type is the name of the class."""

    name = "ocsf"
    label = "Open Cybersecurity Schema Framework (JSON)"
    mapping = Mapping(
        fields={
            "time": ("time", "time_dt"),
            "type": ("class_name", "class_uid"),
            "computer": (
                "device.hostname", "device.name", "dst_endpoint.hostname", "device.ip", "dst_endpoint.ip", "resources.0.name",
                "resource.name",
            ),
            "server": ("metadata.reporter.hostname", "metadata.log_provider"),
            "user": ("user.name", "actor.user.name", "user.email_addr", "user.uid", "actor.user.uid"),
            "domain": ("user.domain", "actor.user.domain", "device.domain"),
            "group": ("device.groups.0.name",),
            "risk": ("finding_info.title", "malware.0.name", "finding.title", "vulnerabilities.0.cve.uid"),
            "application": ("process.name", "actor.process.name", "actor.app_name", "service.name", "api.service.name"),
            "action": ("disposition", "action", "activity_name"),
            "severity": ("severity_id", "severity"),
            "source_address": ("src_endpoint.ip",),
            "source_port": ("src_endpoint.port",),
            "destination_address": ("dst_endpoint.ip",),
            "destination_port": ("dst_endpoint.port",),
            "protocol": ("connection_info.protocol_name",),
            "count": ("count",),
            "message": ("message", "finding_info.desc", "status_detail"),
        },
        values={
            "type": _OCSF_CLASSES,
            "severity": {
                **SEVERITY_WORDS, "0": "", "1": "information", "2": "low", "3": "minor", "4": "major", "5": "critical",
                "6": "critical", "99": "",
            },
        },
        default_type="ocsf",
    )  # fmt: skip

    @classmethod
    def recognises(cls, text: str) -> bool:
        return text.startswith("{") and '"class_uid"' in text and '"metadata"' in text


class EveFormat(JsonFormat):
    """Suricata's EVE: alerts, and all its other records by their `event_type`."""

    name = "eve"
    label = "Suricata EVE (JSON)"
    mapping = Mapping(
        fields={
            "time": ("timestamp",),
            "type": ("event_type",),
            "computer": ("alert.target.ip", "dest_ip", "src_ip"),
            "server": ("host",),
            "user": ("ftp.user", "smb.ntlmssp.user", "krb5.cname"),
            "risk": ("alert.signature",),
            "application": ("app_proto",),
            "action": ("alert.action", "verdict.action"),
            "severity": ("alert.severity",),
            "source_address": ("src_ip",),
            "source_port": ("src_port",),
            "destination_address": ("dest_ip",),
            "destination_port": ("dest_port",),
            "protocol": ("proto",),
            "message": ("alert.signature", "anomaly.event", "http.url", "dns.rrname", "tls.sni"),
        },
        values={"severity": {"1": "major", "2": "minor", "3": "low", "4": "information", "255": "information"}},
        default_type="eve",
    )

    @classmethod
    def recognises(cls, text: str) -> bool:
        return text.startswith("{") and '"event_type"' in text and '"timestamp"' in text
