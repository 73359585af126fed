"""What the forms of a message's text have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from alert_core import Event, Notification

__all__ = ["PRODUCT", "Body", "notification_texts", "own_severity", "product_version"]

PRODUCT = "alert"
"""What CEF and LEEF name as vendor and as product."""


@dataclass(frozen=True)
class Body:
    """The text of a message, ready to be written with shortened values.

    Attributes:
        texts: The values that may be shortened or left out (then they are empty); the most important one first.
        render: Writes as many values into their form.
        bom: Whether text outside ASCII may begin with a byte order mark.
        tagged: Whether an RFC 3164 message names the program before the text; CEF and LEEF stand where the tag would be.
    """

    texts: tuple[str, ...]
    render: Callable[[Sequence[str]], str]
    bom: bool = False
    tagged: bool = True


def notification_texts(notification: Notification, key: str) -> dict[str, str]:
    """The fields of a notification that say something, but for its event, its words and its time.

    Args:
        notification: The notification.
        key: Idempotency key of the delivery.
    """
    texts = {
        "id": notification.id,
        "delivery": key,
        "severity": notification.severity.value,
        "kind": notification.kind,
        "condition": notification.condition,
        "key": notification.key,
        "quantity": str(notification.quantity),
        "suppressed": str(notification.suppressed) if notification.suppressed else "",
        "since": notification.since.isoformat() if notification.since else "",
        "computers": ",".join(notification.computers),
        "creator": notification.creator,
    }
    return {name: text for name, text in texts.items() if text}


def own_severity(event: Event) -> str:
    """The severity by the product's own name or number, as a person writes it."""
    return str(event.severity)


@cache
def product_version() -> str:
    """The version that CEF and LEEF name; looked up once, because that takes a millisecond."""
    return version("alert-syslog")
