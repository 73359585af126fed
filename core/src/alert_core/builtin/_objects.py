"""What stands in a decoded JSON object, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

__all__ = ["content_of", "fields_of", "first_of", "number_of", "text_of"]

_INTEGERS = frozenset({"source_port", "destination_port"})


def content_of(record: bytes) -> Any:
    """The object in a record. What no type can hold, such as 1e999 or half a character, stays the text that was written.

    The block decoder does not look into what it skips; here everything is kept, and must not cost the record.

    Raises:
        msgspec.DecodeError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        return msgspec.json.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        whole = record.decode("utf-8", "replace").encode()
        return {key: _value(raw) for key, raw in msgspec.json.decode(whole, type=dict[str, msgspec.Raw]).items()}


def _value(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return bytes(raw).decode()


def _reach(content: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or at a key that itself has dots."""
    if path in content:
        return content[path]
    value: Any = content
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if part.isdecimal() and int(part) < len(value) else None
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return value


def first_of(content: Mapping[str, Any], paths: Sequence[str]) -> Any:
    """What stands at the first path that leads to something."""
    return next((value for path in paths if (value := _reach(content, path)) not in (None, "")), None)


def fields_of(values: dict[str, Any], default_type: str) -> dict[str, Any]:
    """The fields of an event, time excepted, from whatever was written for them."""
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if name == "severity":
            fields[name] = value if isinstance(value, str | int | float) and not isinstance(value, bool) else text_of(value)
        elif name in _INTEGERS:
            fields[name] = _integer(value)
        else:
            fields[name] = text_of(value)
    fields["count"] = max(1, _integer(values.get("count")) or 1)
    if values.get("type") is None:
        fields["type"] = default_type
    return fields


def text_of(value: Any) -> str:
    """A value as a text: JSON, unless it is one already; nothing is empty."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _integer(value: Any) -> int | None:
    with suppress(msgspec.ValidationError):
        return msgspec.convert(value, int, strict=False)
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def number_of(value: Any) -> float | None:
    """A value as a number, if it is one."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
