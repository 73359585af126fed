"""The fields of an event as texts, for forms that know nothing but names and texts."""

from __future__ import annotations

from itertools import compress
from operator import attrgetter

import msgspec

from alert_core.model import Event

__all__ = ["event_texts"]

_TEXTS = (
    "type", "id", "source", "computer", "user", "risk", "application", "action", "group", "domain", "server",
    "source_address", "destination_address", "protocol", "message",
)  # fmt: skip
_OTHERS = ("count", "severity", "source_port", "destination_port", "flags", "attributes")
_FIELDS = {field.name: field for field in msgspec.structs.fields(Event)}
_DEFAULTS = tuple({} if name == "attributes" else _FIELDS[name].default for name in _OTHERS)
# One call for all fields takes a fraction of one for each.
_take_texts, _take_others = attrgetter(*_TEXTS), attrgetter(*_OTHERS)


def event_texts(event: Event) -> dict[str, str]:
    """Every field but the time that does not have its default, by its name in `Event`; the most telling ones first.

    Texts are as they are. Whatever is not a text by its type is JSON, so that the number 5 and the text "5" stay two things.
    """
    values = _take_texts(event)
    texts: dict[str, str] = dict(compress(zip(_TEXTS, values, strict=True), values))
    for name, value, default in zip(_OTHERS, _take_others(event), _DEFAULTS, strict=True):
        if value != default:
            texts[name] = msgspec.json.encode(value).decode()
    if event.raw:
        texts["raw"] = event.raw
    return texts
