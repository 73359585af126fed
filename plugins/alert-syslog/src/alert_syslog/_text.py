"""The body `text`: subject and text, for people."""

from __future__ import annotations

from collections.abc import Sequence

from alert_core import Notification
from alert_core.wire import visible
from alert_syslog._body import Body

__all__ = ["text_body"]


def text_body(notification: Notification, *, keep_lines: bool) -> Body:
    """Subject and text.

    Args:
        notification: What to tell.
        keep_lines: Whether line feeds stay. Each is followed by a tab then, so that no line of a text can pass for a message
            of its own in the receiver's file.
    """
    body = notification.body.removesuffix("\n")
    text = f"{notification.subject}: {body}" if body else notification.subject

    def render(texts: Sequence[str]) -> str:
        return visible(texts[0], keep_line_feeds=keep_lines).replace("\n", "\n\t")

    return Body((text,), render, bom=True)
