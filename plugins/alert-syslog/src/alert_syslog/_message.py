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
    own, event = _data(notification, settings, key)
    own_at = tuple(own), slice(1, 1 + len(own))
    event_at = tuple(event), slice(1 + len(own), 1 + len(own) + len(event))
    others_at = event_at[1].stop
    head = rfc5424.head(
        rfc5424.Message(
            facility=settings.facility_number,
            severity=rfc5424.SEVERITIES[notification.severity],
            time=notification.time,
            host=settings.hostname or hostname,
            app=settings.app_name,
            kind=notification.type,
        )
    )

    def render(texts: Sequence[str]) -> str:
        data = _element(_OWN, own_at[0], texts[own_at[1]]) + _element(_EVENT, event_at[0], texts[event_at[1]])
        text = body.render((texts[0], *texts[others_at:]))
        return rfc5424.assemble(head, data, text, bom=body.bom and settings.bom)

    return fit([body.texts[0], *own.values(), *event.values(), *body.texts[1:]], settings.max_bytes, render)


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


def _data(notification: Notification, settings: SyslogSettings, key: str) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters of the two elements of structured data, by name."""
    if not settings.structured_data:
        return {}, {}
    own = notification_texts(notification, key)
    if settings.body != "text":  # the body has the other fields
        return {name: own[name] for name in _IDENTITY}, {}
    event = event_texts(notification.event)
    event["severity"] = own_severity(notification.event)
    for name in _BULKY:
        event.pop(name, None)
    return own, event


def _element(element: str, names: Sequence[str], texts: Sequence[str]) -> str:
    together = "".join(texts)
    if not together:
        return ""
    if "" in texts:
        names = [name for name, text in zip(names, texts, strict=True) if text]
        texts = [text for text in texts if text]
    # One look at all texts, which mostly are plain.
    shown = texts if together.isascii() and together.isprintable() else [visible(text) for text in texts]
    return rfc5424.element(element, names, shown)
