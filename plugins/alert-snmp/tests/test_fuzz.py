"""Hostile notifications, each in every version and preset, read by a strict reader of BER."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from alert_core import Context, Notification
from alert_core.testing.hostile import amount, notifications
from alert_snmp import SnmpAction, SnmpSettings

ALERT = "1.3.6.1.4.1.8072.9999.9999.25378"
SMS = "1.3.6.1.4.1.10734.3.4.3"
TABLES: list[dict[str, Any]] = [
    {"version": "v1", "community": "area"},
    {"version": "v2c", "community": "area"},
    {"version": "v3", "user": {"name": "alert"}},
    {"version": "v2c", "community": "area", "preset": "tippingpoint"},
]
MARK = "…".encode()


@pytest.mark.fuzz
def test_no_varbind_is_added_or_lost_and_every_text_arrives(tmp_path: Path, wire: Any) -> None:
    actions = [opened(table, tmp_path, wire.port) for table in TABLES]

    for notification in notifications(amount()):
        for action in actions:
            action.send(notification)
            check(wire.trap(), action, notification)

    for action in actions:
        action.close()


def opened(table: dict[str, Any], folder: Path, port: int) -> SnmpAction:
    settings = SnmpSettings.model_validate({"host": "127.0.0.1", "port": port, **table})
    return SnmpAction(settings, Context(name="noc", state_folder=folder))


def check(trap: Any, action: SnmpAction, notification: Notification) -> None:
    assert trap.community in (b"area", b"")
    if action.settings.preset == "tippingpoint":
        ((oid, tag, match),) = trap.varbinds
        assert (oid, tag) == (f"{SMS}.1.3.0", 0x04)
        subject, _, body = match.partition(b"\n")
        assert same(subject, notification.subject, 255)
        assert same(body, notification.body, 1024 - len(subject) - 1, keep="\n\t")
        return
    tags = [0x04, 0x04, 0x02, 0x04, 0x04, 0x04, 0x42, 0x42, 0x04, 0x04, 0x04]
    assert [(oid, tag) for oid, tag, _ in trap.varbinds] == [
        (f"{ALERT}.1.{number}.0", tag) for number, tag in enumerate(tags, 1)
    ]
    values = [value for _, _, value in trap.varbinds]
    assert values[0].decode() == notification.id
    assert same(values[1], notification.condition, 255)
    assert same(values[3], notification.subject, 255)
    assert same(values[4], notification.computer, 255)
    assert int.from_bytes(values[6], "big") == notification.quantity
    assert int.from_bytes(values[7], "big") == notification.suppressed
    assert same(values[8], notification.body, 1024, keep="\n\t")
    assert values[9].decode() == action.idempotency_key(notification)
    assert same(values[10], notification.key, 255)


def same(arrived: bytes, text: str, size: int, keep: str = "") -> bool:
    """Whether a text arrived: whole, or as much of it as there is room for and a mark, and no control character with it."""
    whole = "".join(shown(character, keep) for character in text).encode("utf-8", "replace")
    if len(whole) <= size:
        return arrived == whole
    start = arrived.removesuffix(MARK)
    arrived.decode()
    return arrived.endswith(MARK) and whole.startswith(start) and size - 3 <= len(arrived) <= size


def shown(character: str, keep: str) -> str:
    if character not in keep and (unicodedata.category(character) == "Cc" or character in "\u2028\u2029"):
        return character.encode("unicode_escape").decode()
    return character
