"""The body `leef`: the Log Event Extended Format 2.0, for QRadar and what else reads it."""

from __future__ import annotations

from collections.abc import Sequence

from alert_core import Notification
from alert_core.wire import leef
from alert_core.wire.cef import milliseconds
from alert_syslog._body import PRODUCT, Body, notification_texts, own_severity, product_version

__all__ = ["leef_body"]

_KEYS = {"id": "alertId", "delivery": "alertDelivery", "kind": "alertKind", "key": "alertKey", "quantity": "alertQuantity",
         "suppressed": "alertSuppressed", "computers": "alertComputers", "creator": "alertCreator"}  # fmt: skip
_MOVED = {"msg": "alertMessage", "alertId": "alertEventId", "devTime": "alertEventTime"}


def leef_body(notification: Notification, *, key: str) -> Body:
    """A notification as LEEF: the condition is the event id and the policy, the text `msg`."""
    pairs = _pairs(notification, key)
    keys = tuple(pairs)

    def render(texts: Sequence[str]) -> str:
        text, event_id, *values = texts
        attributes = [*zip(keys, values, strict=True), ("msg", text)]
        record = leef.Record(
            vendor=PRODUCT,
            product=PRODUCT,
            product_version=product_version(),
            event_id=event_id,
            attributes=tuple((name, value) for name, value in attributes if value),
        )
        return leef.render(record)

    return Body((notification.body, notification.condition, *pairs.values()), render, tagged=False)


def _pairs(notification: Notification, key: str) -> dict[str, str]:
    own = notification_texts(notification, key)
    pairs = {"devTime": milliseconds(notification.time), "sev": leef.SEVERITIES[notification.severity]}
    pairs |= {_KEYS[name]: text for name, text in own.items() if name in _KEYS}
    pairs |= {"alertSubject": notification.subject, "policy": notification.condition, "alertType": notification.type}
    if notification.since:
        pairs["alertSince"] = milliseconds(notification.since)
    event = leef.event_pairs(notification.event) | {"alertSeverity": own_severity(notification.event)}
    return pairs | {_MOVED.get(name, name): text for name, text in event.items()}
