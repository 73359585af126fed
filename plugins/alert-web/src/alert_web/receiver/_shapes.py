"""What is known about the records of some senders: where one request holds several, and by what a repeated one is known."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

__all__ = ["Record", "recognised"]


@dataclass(frozen=True)
class Record:
    """One record.

    Attributes:
        content: As its format gets it.
        identity: The same whenever the sender repeats it; empty when nobody can tell.
    """

    content: bytes
    identity: str = ""


class _Webhook(msgspec.Struct):
    """What Alertmanager, and whatever follows its example, sends for a group of alerts."""

    groupKey: str
    alerts: list[msgspec.Raw]
    receiver: str = ""
    externalURL: str = ""
    truncatedAlerts: int = 0


class _Alert(msgspec.Struct):
    status: str
    fingerprint: str
    startsAt: str


class _Notification(msgspec.Struct):
    id: str
    condition: str
    revision: str
    kind: str
    event: msgspec.Raw


def recognised(content: bytes) -> tuple[list[Record], int]:
    """The records that an object stands for, and how many more the sender left out."""
    if b'"groupKey"' in content and b'"alerts"' in content:
        try:
            return _taken_apart(msgspec.json.decode(content, type=_Webhook))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            return [Record(content)], 0
    return [Record(content, _identity_of_notification(content))], 0


def _taken_apart(webhook: _Webhook) -> tuple[list[Record], int]:
    """The alerts of a group, each with what is said about the group."""
    group = {"receiver": webhook.receiver, "groupKey": webhook.groupKey, "externalURL": webhook.externalURL}
    head = msgspec.json.encode(group)[:-1] + b","
    records = []
    for raw in webhook.alerts:
        alert = msgspec.json.decode(raw, type=_Alert)
        identity = f"alert/{alert.fingerprint}/{alert.status}/{alert.startsAt}" if alert.fingerprint else ""
        records.append(Record(head + bytes(raw)[1:], identity))
    return records, max(0, webhook.truncatedAlerts)


def _identity_of_notification(content: bytes) -> str:
    if b'"revision"' not in content or b'"condition"' not in content:
        return ""
    try:
        found = msgspec.json.decode(content, type=_Notification)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return f"notification/{found.id}" if found.id else ""
