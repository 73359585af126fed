"""Placeholders in a URL: `{{ id }}` or `{{ event.computer }}`."""

from __future__ import annotations

import re
from enum import Enum
from urllib.parse import quote

import msgspec

from alert_core import Event, Notification

__all__ = ["check", "fill"]

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAMES = {field.name for field in msgspec.structs.fields(Notification)} - {"event"}
_NAMES |= {f"event.{field.name}" for field in msgspec.structs.fields(Event)} - {"event.attributes"}


def check(url: str) -> None:
    """Refuse a URL with a placeholder that stands for nothing.

    Raises:
        ValueError: Which one, or that a brace is left over.
    """
    unknown = [name for name in _PLACEHOLDER.findall(url) if name not in _NAMES]
    if unknown:
        raise ValueError(f"{{{{ {unknown[0]} }}}} is no field of a notification")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", url)):
        raise ValueError("must have braces only around placeholders, such as {{ id }}")


def fill(url: str, notification: Notification) -> str:
    """The URL with every placeholder replaced by its value, percent-encoded so that it stays one piece of the URL."""
    return _PLACEHOLDER.sub(lambda found: _encoded(_value(found[1], notification)), url)


def _value(name: str, notification: Notification) -> str:
    owner: object = notification.event if name.startswith("event.") else notification
    value = getattr(owner, name.removeprefix("event."))
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _encoded(value: str) -> str:
    encoded = quote(value, safe="", errors="replace")
    # A dot, encoded or not, is taken for a step in the path; encoded twice it is not.
    return encoded.replace(".", "%252E") if encoded in (".", "..") else encoded
