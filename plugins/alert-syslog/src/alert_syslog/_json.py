"""The body `json`: the whole notification as one line of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from alert_core import Notification
from alert_syslog._body import Body

__all__ = ["json_body"]

# JSON lets these stand in a text as they are; a terminal or a receiver that goes by lines may not.
_RAW = re.compile("[\x7f-\x9f\u2028\u2029]")
_CUT_FLAG = "cut"
_DEMANDED = ("type", "time")  # an event without them is none


def json_body(notification: Notification, *, limit: int) -> Body:
    """A notification as msgspec writes it, its event inside.

    When it has to be shortened, its event has the flag `cut`; attributes and computers are left out if they take more than a
    quarter of the limit, or if other values had to be left out.

    Args:
        notification: What to tell.
        limit: How many bytes the message may have.
    """
    document: dict[str, Any] = msgspec.to_builtins(notification)
    whole = _encoded(document)
    names = [("body",), ("id",), ("subject",), ("condition",), ("key",), ("type",), ("creator",), ("fault",)]
    inner = [("event", name) for name, value in document["event"].items() if isinstance(value, str) and name != "time"]
    places = [*names, *inner]
    texts = tuple(_holder(document, place)[place[-1]] for place in places)

    def render(given: Sequence[str]) -> str:
        return whole if tuple(given) == texts else _encoded(_shortened(document, places, given, limit // 4))

    return Body(texts, render)


def _shortened(
    document: dict[str, Any], places: Sequence[tuple[str, ...]], texts: Sequence[str], quarter: int
) -> dict[str, Any]:
    event = document["event"]
    short = {**document, "event": {**event, "flags": [*event.get("flags", ()), _CUT_FLAG]}}
    for place, text in zip(places, texts, strict=True):
        holder = _holder(short, place)
        holder[place[-1]] = text
    short["event"] = {name: value for name, value in short["event"].items() if value != "" or name in _DEMANDED}
    crowded = any(not text and _holder(document, place)[place[-1]] for place, text in zip(places, texts, strict=True))
    for holder, name, nothing in ((short, "computers", []), (short["event"], "attributes", {})):
        if crowded or len(_encoded(holder.get(name))) > quarter:
            holder[name] = nothing
    return short


def _holder(document: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    holder: dict[str, Any] = document["event"] if len(place) > 1 else document
    return holder


def _encoded(value: object) -> str:
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can carry
        return json.dumps(value, separators=(",", ":"))
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
