"""The body `cef`: the Common Event Format, for ArcSight and what else reads it."""

from __future__ import annotations

from collections.abc import Sequence

from alert_core import Notification
from alert_core.wire import cef
from alert_syslog._body import PRODUCT, Body, notification_texts, own_severity, product_version

__all__ = ["cef_body"]

# What a notification says itself has the first choice of the standard's keys.
_KEYS = {"id": "externalId", "delivery": "alertDelivery", "kind": "alertKind", "key": "alertKey", "quantity": "alertQuantity",
         "suppressed": "alertSuppressed", "computers": "alertComputers", "creator": "alertCreator"}  # fmt: skip
_MOVED = {"msg": "alertMessage", "externalId": "alertEventId", "rt": "end"}


def cef_body(notification: Notification, *, key: str, version: int) -> Body:
    """A notification as CEF: the condition is the signature, the subject the name, the text `msg`."""
    pairs = _pairs(notification, key, version)
    keys = tuple(pairs)

    def render(texts: Sequence[str]) -> str:
        text, subject, signature, *values = texts
        extension = [*zip(keys, values, strict=True), ("msg", text)]
        record = cef.Record(
            vendor=PRODUCT,
            product=PRODUCT,
            product_version=product_version(),
            signature=signature,
            name=subject,
            severity=cef.SEVERITIES[notification.severity],
            extension=tuple((name, value) for name, value in extension if value),
            version=version,
        )
        return cef.render(record)

    return Body((notification.body, notification.subject, notification.condition, *pairs.values()), render, tagged=False)


def _pairs(notification: Notification, key: str, version: int) -> dict[str, str]:
    own = notification_texts(notification, key)
    pairs = {"rt": cef.milliseconds(notification.time), "alertType": notification.type}
    pairs |= {_KEYS[name]: text for name, text in own.items() if name in _KEYS}
    if notification.since:
        pairs["start"] = cef.milliseconds(notification.since)
    event = cef.event_pairs(notification.event, version=version) | {"alertSeverity": own_severity(notification.event)}
    return pairs | {_MOVED.get(name, name): text for name, text in event.items()}
