"""The fields of an event as texts, for forms that know nothing but names and texts."""

from __future__ import annotations

from typing import Any

import msgspec

from alert_core.model import Event

__all__ = ["event_texts"]

_TEXTS = (
    "type", "id", "source", "computer", "user", "risk", "application", "action", "group", "domain", "server",
    "source_address", "destination_address", "protocol", "message",
)  # fmt: skip
_OTHERS = ("count", "severity", "source_port", "destination_port", "flags", "attributes")
_DEFAULTS: dict[str, Any] = {
    field.name: field.default for field in msgspec.structs.fields(Event) if field.default is not msgspec.NODEFAULT
} | {"attributes": {}}


def event_texts(event: Event) -> dict[str, str]:
    """Every field but the time that does not have its default, by its name in `Event`; the most telling ones first.

    Texts are as they are. Whatever is not a text by its type is JSON, so that the number 5 and the text "5" stay two things.
    """
    texts = {name: value for name in _TEXTS if (value := getattr(event, name))}
    for name in _OTHERS:
        if (value := getattr(event, name)) != _DEFAULTS[name]:
            texts[name] = msgspec.json.encode(value).decode()
    if event.raw:
        texts["raw"] = event.raw
    return texts
