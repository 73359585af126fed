"""A notification, or several, as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from alert_core import Notification
from alert_email._facts import facts, heading, moment
from alert_email._neutral import plain

__all__ = ["text_of", "text_of_many"]

_RULE = "-" * 72


def text_of(notification: Notification) -> str:
    """The notification's text, then its facts, one a line."""
    body = plain(notification.body)
    table = facts(notification)
    width = max(len(name) for name, _ in table) + 2
    lines = "".join(f"{name:<{width}}{value}\n" for name, value in table)
    return f"{body}{'' if body.endswith(chr(10)) or not body else chr(10)}\n{lines}"


def text_of_many(title: str, batch: Sequence[Notification]) -> str:
    """A list of contents, then each notification, indented, so that no text can pass for one more notification."""
    rows = [f"{number:>3}. {_row(each)}\n" for number, each in enumerate(batch, 1)]
    parts = [
        f"{_RULE}\n{number}. {heading(each)}\n{_RULE}\n\n{_indented(text_of(each))}\n" for number, each in enumerate(batch, 1)
    ]
    return f"{title}\n\n{''.join(rows)}\n{''.join(parts)}"


def _row(notification: Notification) -> str:
    return f"{moment(notification.time)}  {notification.severity.value:<11}  {heading(notification)}"


def _indented(text: str) -> str:
    return "".join(f"    {line}" if line != "\n" else line for line in text.splitlines(keepends=True))
