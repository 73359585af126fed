"""What a mail says about a notification besides its words: the subject line and a short table, the same in text and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from alert_core import Notification
from alert_email._neutral import one_line

__all__ = ["facts", "heading", "moment"]

_LONGEST = 200
_COMPUTERS = 20


def heading(notification: Notification) -> str:
    """The subject: the notification's own, with what a reader must see before opening the mail."""
    closed = "Closed: " if notification.kind == "closed" else ""
    host = _attribute(notification, "response_host_id")
    return f"{closed}{one_line(notification.subject)}{f' [response host {host}]' if host else ''}"


def facts(notification: Notification) -> list[tuple[str, str]]:
    """Names and values, each one line."""
    return [(name, _short(value)) for name, value in _facts(notification) if value]


def moment(time: datetime) -> str:
    """A time as people read it, in the one zone that all readers share."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _facts(notification: Notification) -> Iterator[tuple[str, str]]:
    yield "Severity", notification.severity.value
    yield "Condition", notification.condition
    yield "Computer", notification.computer
    yield "Computers", _listed(notification.computers)
    yield "Time", moment(notification.time)
    yield "Since", moment(notification.since) if notification.since else ""
    yield "Quantity", str(notification.quantity) if notification.quantity > 1 else ""
    yield "Suppressed", f"{notification.suppressed} more while the damper was active" if notification.suppressed else ""
    yield "Response ID", _attribute(notification, "response_event_id")
    yield "Response host ID", _attribute(notification, "response_host_id")
    yield "Notification", notification.id


def _attribute(notification: Notification, name: str) -> str:
    """What response policies leave in the event, if one did."""
    value = notification.event.attributes.get(name, "")
    return _short(str(value)) if isinstance(value, str | int) else ""


def _listed(computers: tuple[str, ...]) -> str:
    more = len(computers) - _COMPUTERS
    names = ", ".join(_short(name, 64) for name in computers[:_COMPUTERS])
    return f"{names} and {more} more" if more > 0 else names


def _short(text: str, longest: int = _LONGEST) -> str:
    line = one_line(text).strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
