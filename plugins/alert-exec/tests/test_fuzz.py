"""Whatever a notification says: as many arguments and variables as configured, each with the text that is documented."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from alert_core import Notification
from alert_core.testing.hostile import amount, notifications

if TYPE_CHECKING:
    from conftest import Bench

# What the kernel handed over, before any shell looked at it; the input is one line of ASCII and comes last.
WRITE_DOWN = "cat /proc/$$/environ /proc/$$/cmdline - > OUT/given"
ARGUMENTS = [
    "--",
    "{{ subject }}",
    "{{ computer }}",
    "",
    "--user={{ event.user }} on {{ event.source_address }}",
    "{{ body }}",
    "end",
]


def plain(text: str) -> str:
    """The documented form of a text, put down in another way than the action's own."""
    text = text[:4096]
    spelt = {"Cc", "Cs", "Zl", "Zp"}
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(names.get(c) or (escaped(c) if unicodedata.category(c) in spelt else c) for c in text)[:4096]


def escaped(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def arguments_of(notification: Notification) -> list[str]:
    event = notification.event
    user = f"--user={plain(event.user)} on {plain(event.source_address)}"[:4096]
    return ["--", plain(notification.subject), plain(notification.computer), "", user, plain(notification.body), "end"]


def variables_of(notification: Notification, key: str) -> dict[str, str]:
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "ALERT_ID": notification.id,
        "ALERT_KIND": notification.kind,
        "ALERT_CONDITION": plain(notification.condition),
        "ALERT_TYPE": plain(notification.type),
        "ALERT_SEVERITY": notification.severity.value,
        "ALERT_SUBJECT": plain(notification.subject),
        "ALERT_COMPUTER": plain(notification.computer),
        "ALERT_TIME": notification.time.isoformat(),
        "ALERT_COUNT": str(notification.quantity),
        "ALERT_SUPPRESSED": str(notification.suppressed),
        "ALERT_TEST": "0",
        "ALERT_IDEMPOTENCY_KEY": key,
        "TOKEN": "s3cret-token",
    }


def as_json(value: Any) -> Any:
    """A value as it can be said in JSON."""
    if isinstance(value, dict):
        return {str(name): as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@pytest.mark.fuzz
def test_hostile_notifications_add_nothing_and_lose_nothing(bench: Bench) -> None:
    script = bench.script(WRITE_DOWN)
    action = bench.action(arguments=ARGUMENTS, environment={"TOKEN": "s3cret-token"})

    for notification in notifications(amount()):
        receipt = action.send(notification)

        key = action.idempotency_key(notification)
        expected = [f"{name}={value}" for name, value in variables_of(notification, key).items()]
        given, _, document = (bench.out / "given").read_bytes().rpartition(b"\0")
        assert receipt.detail == "exit code 0"
        assert given.decode().split("\0") == [*expected, "/bin/sh", str(script), *arguments_of(notification)]
        assert json.loads(document) == {"idempotency_key": key, "cut": False, **as_json(msgspec.to_builtins(notification))}
