"""What stands in a decoded JSON object, whatever it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

__all__ = ["content_of", "fields_of", "finder", "number_of", "text_of"]

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


def finder(paths: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    """What finds in an object the value at the first path that leads to something; a key that itself has dots goes first."""
    ways = [(path, tuple(path.split(".")) if "." in path else ()) for path in paths]

    def find(content: Mapping[str, Any]) -> Any:
        for path, parts in ways:
            value = content[path] if path in content else _inside(content, parts)
            if value is not None and value != "":
                return value
        return None

    return find


def _inside(value: Any, parts: Sequence[str]) -> Any:
    """The value at these keys and places, if there are any."""
    if not parts:
        return None
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list):
            value = value[int(part)] if part.isdecimal() and int(part) < len(value) else None
        else:
            return None
    return value


def fields_of(values: dict[str, Any], default_type: str) -> dict[str, Any]:
    """The fields of an event, time excepted, from whatever was written for them."""
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if value.__class__ is str and name not in _INTEGERS:
            fields[name] = value
        elif name == "severity":
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
    if value is None or type(value) is int:
        return value
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
