"""What a request carries."""

from __future__ import annotations

import json

import msgspec

from alert_core import Notification

__all__ = ["encode"]


def encode(notification: Notification) -> bytes:
    """The whole notification as a JSON object, in UTF-8."""
    try:
        return msgspec.json.encode(notification)
    except UnicodeEncodeError:
        # A lone surrogate in some text: JSON can escape it, UTF-8 cannot hold it.
        return json.dumps(msgspec.to_builtins(notification)).encode("ascii")
