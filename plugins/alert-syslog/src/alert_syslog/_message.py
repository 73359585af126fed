"""How a notification becomes one syslog message.

Text from events cannot end a message, forge a field or command a terminal: each form escapes what means something in it, and
control characters are made visible; see `alert_core.wire`.
"""

from __future__ import annotations

from collections.abc import Sequence

from alert_core import Notification
from alert_core.wire import event_texts, rfc5424, visible
from alert_syslog._body import Body, notification_texts, own_severity
from alert_syslog._cef import cef_body
from alert_syslog._json import json_body
from alert_syslog._leef import leef_body
from alert_syslog._shorten import fit
from alert_syslog._text import text_body
from alert_syslog.settings import SyslogSettings

__all__ = ["compose"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # strftime would translate them
# 32473 is the enterprise number that RFC 5612 gives to examples.
_OWN, _EVENT = "alert@32473", "event@32473"
_IDENTITY = ("id", "delivery")
_BULKY = ("message", "attributes", "raw")


def compose(notification: Notification, settings: SyslogSettings, *, hostname: str, key: str) -> bytes:
    """The whole message, without framing, at most `max_bytes` long.

    Args:
        notification: What to tell.
        settings: In which form.
        hostname: Name of this computer, for a setting that is blank.
        key: Idempotency key; part of the message.
    """
    body = _body(notification, settings, key)
    if settings.format == "rfc3164":
        head = _head_3164(notification, settings, hostname, tagged=body.tagged)
        return fit(body.texts, settings.max_bytes, lambda texts: head + body.render(texts))
    data = _data(notification, key) if settings.structured_data else {}
    if settings.body != "text":  # the body has the other fields
        data = {place: text for place, text in data.items() if place[0] == _OWN and place[1] in _IDENTITY}
    text, *others = body.texts
    places = tuple(data)

    def render(texts: Sequence[str]) -> str:
        own = len(places) + 1
        elements = _elements(places, [visible(value) for value in texts[1:own]])
        message = rfc5424.Message(
            facility=settings.facility_number,
            severity=rfc5424.SEVERITIES[notification.severity],
            time=notification.time,
            host=settings.hostname or hostname,
            app=settings.app_name,
            kind=notification.type,
            data=elements,
            text=body.render([texts[0], *texts[own:]]),
            bom=body.bom and settings.bom,
        )
        return rfc5424.render(message)

    return fit([text, *data.values(), *others], settings.max_bytes, render)


def _body(notification: Notification, settings: SyslogSettings, key: str) -> Body:
    match settings.body:
        case "cef":
            return cef_body(notification, key=key, version=settings.cef_version)
        case "leef":
            return leef_body(notification, key=key)
        case "json":
            return json_body(notification, limit=settings.max_bytes)
        case _:
            return text_body(notification, keep_lines=settings.keeps_lines)


def _head_3164(notification: Notification, settings: SyslogSettings, hostname: str, *, tagged: bool) -> str:
    priority = settings.facility_number * 8 + rfc5424.SEVERITIES[notification.severity]
    local = notification.time.astimezone()
    host = settings.hostname or rfc5424.header_field(hostname.split(".")[0], 255)
    tag = f"{settings.app_name}: " if tagged else ""
    return f"<{priority}>{_MONTHS[local.month - 1]} {local.day:2d} {local:%H:%M:%S} {host} {tag}"


def _data(notification: Notification, key: str) -> dict[tuple[str, str], str]:
    """The parameters of structured data, by element and name."""
    data = {(_OWN, name): text for name, text in notification_texts(notification, key).items()}
    event = event_texts(notification.event) | {"severity": own_severity(notification.event)}
    return data | {(_EVENT, name): text for name, text in event.items() if name not in _BULKY}


def _elements(places: Sequence[tuple[str, str]], texts: Sequence[str]) -> tuple[rfc5424.Element, ...]:
    parameters: dict[str, list[tuple[str, str]]] = {}
    for (element, name), text in zip(places, texts, strict=True):
        if text:
            parameters.setdefault(element, []).append((name, text))
    return tuple(rfc5424.Element(element, tuple(pairs)) for element, pairs in parameters.items())
