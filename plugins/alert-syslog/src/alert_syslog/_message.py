r"""How a notification becomes one syslog message.

Text from events cannot end a message, forge a field or command a terminal: control characters are shown as escapes, such as
`\n`, and structured data is escaped as RFC 5424 says.
"""

from __future__ import annotations

import re
from datetime import UTC

from alert_core import Notification, Severity
from alert_syslog.settings import SyslogSettings

__all__ = ["CUT", "compose"]

CUT = b"...[cut]"
_SEVERITIES = {
    Severity.CRITICAL: 2,
    Severity.MAJOR: 3,
    Severity.MINOR: 4,
    Severity.LOW: 5,
    Severity.INFORMATION: 6,
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # strftime would translate them
_SD_ID = "alert@32473"  # 32473 is the enterprise number that RFC 5612 gives to examples
_VALUE_LIMIT = 128
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def compose(notification: Notification, settings: SyslogSettings, *, hostname: str, key: str) -> bytes:
    """The whole message, without framing, at most `max_bytes` long.

    Args:
        notification: What to tell.
        settings: In which form.
        hostname: Name of this computer, for a setting that is blank.
        key: Idempotency key; part of the structured data.
    """
    priority = settings.facility_number * 8 + _SEVERITIES[notification.severity]
    if settings.format == "rfc3164":
        host = settings.hostname or _printable(hostname.split(".")[0], 255)
        head = _head_3164(notification, host=host, tag=settings.app_name)
    else:
        data = _structured_data(notification, key, settings.max_bytes // 2) if settings.structured_data else "-"
        host = settings.hostname or _printable(hostname, 255)
        head = _head_5424(notification, host=host, app=settings.app_name, data=data)
    message = f"<{priority}>{head}{_text(notification)}".encode("utf-8", "replace")
    return message if len(message) <= settings.max_bytes else _cut(message, settings.max_bytes)


def _head_5424(notification: Notification, *, host: str, app: str, data: str) -> str:
    time = notification.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"1 {time} {host} {app} - {_printable(notification.type, 32)} {data} "


def _head_3164(notification: Notification, *, host: str, tag: str) -> str:
    local = notification.time.astimezone()
    return f"{_MONTHS[local.month - 1]} {local.day:2d} {local:%H:%M:%S} {host} {tag}: "


def _structured_data(notification: Notification, key: str, limit: int) -> str:
    """The fields that fit into `limit` bytes, the ones that identify the notification first."""
    data = f"[{_SD_ID}"
    for name, value in _fields(notification, key):
        parameter = f' {name}="{_escaped(value)}"' if value else ""
        if len(f"{data}{parameter}]".encode("utf-8", "replace")) <= limit:
            data += parameter
    return f"{data}]"


def _fields(notification: Notification, key: str) -> tuple[tuple[str, str], ...]:
    event = notification.event
    return (
        ("id", notification.id),
        ("delivery", key),
        ("severity", notification.severity.value),
        ("kind", notification.kind),
        ("condition", notification.condition),
        ("key", notification.key),
        ("computer", event.computer),
        ("quantity", str(notification.quantity)),
        ("suppressed", str(notification.suppressed) if notification.suppressed else ""),
        ("eventType", event.type),
        ("eventId", event.id),
        ("user", event.user),
        ("source", event.source_address),
        ("destination", event.destination_address),
        ("risk", event.risk),
    )


def _text(notification: Notification) -> str:
    """Subject and text on one line."""
    body = notification.body.replace("\r\n", "\n").strip("\n")
    return _visible(f"{notification.subject}: {body}" if body else notification.subject)


def _escaped(value: str) -> str:
    """A value of structured data."""
    return re.sub(r'(["\\\]])', r"\\\1", _visible(value[:_VALUE_LIMIT]))


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: _NAMED.get(found[0], f"\\x{ord(found[0]):02x}"), text)


def _printable(text: str, limit: int) -> str:
    """A field of the header: printable ASCII without blanks; `-` when nothing is left."""
    return re.sub(r"[^!-~]", "_", text)[:limit] or "-"


def _cut(message: bytes, limit: int) -> bytes:
    """Shorten at a character boundary, and say so."""
    return message[: limit - len(CUT)].decode("utf-8", "ignore").encode() + CUT
