"""What the program gets to know: a JSON document on its standard input, and variables."""

from __future__ import annotations

import json
import unicodedata

import msgspec

from alert_core import Notification
from alert_exec.settings import PREFIX

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Linux refuses a program with a variable or an argument above 128 KiB, or too much of them together; so events must not decide.
LONGEST = 4096
"""How many characters a variable or an argument has at most."""
_MAX_TEXT = 65_536
_MAX_COMPUTERS = 1000
_MAX_DOCUMENT = 4 * 1_048_576


def variables(notification: Notification, key: str) -> dict[str, str]:
    """The minimal environment and the notification's facts, each on one line."""
    facts = {
        "ID": notification.id,
        "KIND": notification.kind,
        "CONDITION": notification.condition,
        "TYPE": notification.type,
        "SEVERITY": notification.severity.value,
        "SUBJECT": notification.subject,
        "COMPUTER": notification.computer,
        "TIME": notification.time.isoformat(),
        "COUNT": str(notification.quantity),
        "SUPPRESSED": str(notification.suppressed),
        "TEST": "1" if notification.test else "0",
        "IDEMPOTENCY_KEY": key,
    }
    described = {PREFIX + name: spelt(value) for name, value in facts.items()}
    return {"PATH": _PATH, "LANG": "C.UTF-8", **described}


def document(notification: Notification, key: str) -> bytes:
    """The whole notification as one line of JSON in ASCII; of a huge one, the texts are cut and the record is left out."""
    raw = _encode(notification, key)
    if len(raw) <= _MAX_DOCUMENT:
        return raw
    event = msgspec.structs.replace(notification.event, raw="", attributes={}, message=notification.event.message[:_MAX_TEXT])
    body, computers = notification.body[:_MAX_TEXT], notification.computers[:_MAX_COMPUTERS]
    return _encode(msgspec.structs.replace(notification, body=body, computers=computers, event=event), key, cut=True)


def _encode(notification: Notification, key: str, *, cut: bool = False) -> bytes:
    fields = {"idempotency_key": key, "cut": cut, **msgspec.to_builtins(notification, enc_hook=str)}
    # Not msgspec's own encoder: it raises on half a surrogate pair, which a hostile record may well contain. Python's writes
    # NaN and infinity, which are no JSON; reading it once more turns them into null.
    fields = json.loads(json.dumps(fields, default=str), parse_constant=lambda _: None)
    return json.dumps(fields).encode() + b"\n"


def spelt(text: str) -> str:
    """A text fit for a variable or an argument: on one line, control characters spelt out, of bounded length."""
    return visible(text[:LONGEST])[:LONGEST]


def visible(text: str) -> str:
    """A text on one line, in which control characters are spelt out."""
    return text if text.isprintable() else "".join(map(_spelt, text))


def _spelt(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode()
    return character
