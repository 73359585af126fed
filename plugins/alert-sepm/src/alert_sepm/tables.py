"""What the columns of each log mean: types, fields and severities, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["FIELDS", "FINER", "ON_THE_SERVER", "RENAMED", "SEVERITIES", "TIMES", "TYPES"]

TYPES: Mapping[str, str] = {
    "risk": "risk", "proactive": "sonar", "security": "ips", "traffic": "traffic", "packet": "packet",
    "behavior": "app-control", "scan": "scan", "client-system": "client-system",
    "activity": "client-activity", "administrative": "admin-activity", "policy": "policy-change", "system": "server-activity",
}  # fmt: skip
"""Log -> the type of its events, unless their words say another one."""

FINER: Mapping[str, Sequence[tuple[str, str, Sequence[str]]]] = {
    "security": (
        ("host-integrity", "host_integrity", ("description",)),
        ("memory-exploit", "memory_exploit", ("description", "signature")),
    ),
    "behavior": (
        ("tamper", "tamper", ("description", "rule")),
        ("device-control", "", ("device_id",)),
    ),
    "client-system": (("definition-update", "definitions", ("component", "description")),),
    "administrative": (
        ("auth-failure", "auth_failure", ("description",)),
        ("auth-success", "auth_success", ("description",)),
    ),
}
"""Log -> a finer type, the list of words that tells it, and where these stand; without words, it is enough that it is there."""

_COMMON = {"occurrences": "count", "server": "server", "group": "group", "computer": "computer"}
_NETWORK = {**_COMMON, "application": "application", "action": "action", "user": "user", "protocol": "protocol"}
_MANAGER = {"server": "server", "domain": "domain", "admin": "user", "description": "message"}
_DETECTED = {
    **_COMMON, "domain": "domain", "user": "user", "risk": "risk", "application_name": "application", "actual_action": "action",
    "source_address": "source_address",
}  # fmt: skip

FIELDS: Mapping[str, Mapping[str, str]] = {
    "risk": _DETECTED,
    "proactive": _DETECTED,
    "security": {**_NETWORK, "signature": "risk", "description": "message"},
    "traffic": _NETWORK,
    "packet": _NETWORK,
    "behavior": {**_COMMON, "application": "application", "action": "action", "user": "user", "description": "message"},
    "scan": {**_COMMON, "domain": "domain", "user": "user"},
    "client-system": {**_COMMON, "component": "application", "description": "message"},
    "activity": {**_COMMON, **_MANAGER, "user": "user"},
    "administrative": _MANAGER,
    "policy": _MANAGER,
    "system": _MANAGER,
}
"""Log -> key of a column -> the field of the event that it fills. All other columns are attributes, called by their keys."""

RENAMED: Mapping[str, Mapping[str, str]] = {
    log: {"domain": "user_domain"} for log in ("security", "traffic", "packet", "behavior")
}
"""Log -> key of a column -> what the attribute is called instead. Only other logs mean the manager's own domains."""

ON_THE_SERVER = frozenset({"administrative", "policy", "system"})
"""The logs about the manager itself, which is the computer then."""

TIMES = ("event_time", "begun")
"""The keys of the time at which something happened, the first that is there."""

SEVERITIES: Mapping[str, str] = {
    "risk": "major",
    "risk/left alone": "critical",
    "risk/quarantined": "minor",
    "risk/deleted": "minor",
    "risk/cleaned": "minor",
    "risk/cleaned by deletion": "minor",
    "sonar": "major",
    "sonar/left alone": "critical",
    "sonar/quarantined": "minor",
    "ips": "major",
    "memory-exploit": "critical",
    "host-integrity": "minor",
    "tamper": "major",
    "auth-failure": "minor",
    "app-control": "minor",
    "device-control": "minor",
    "traffic": "information",
    "packet": "information",
    "scan": "information",
    "client-system": "information",
    "definition-update": "information",
    "client-activity": "information",
    "admin-activity": "information",
    "auth-success": "information",
    "policy-change": "low",
    "server-activity": "information",
}
"""Type, or type and action in lower case -> how bad it is when the record does not say it."""
