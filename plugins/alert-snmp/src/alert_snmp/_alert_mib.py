"""ALERT-MIB: our own numbers.

They hang below net-snmp's playpen, a branch set aside for private use: the project has no enterprise number of its own, and
the number 32473 of RFC 5612 is for documentation, not for real networks. 25378 keeps clear of other tenants of the playpen;
it is the word "alert" on the keys of a telephone. Who has an enterprise number sets `base_oid`.

    base.0.n     notifications: 1 fired, 2 closed, 3 test
    base.1.n.0   objects, in the order of `AlertMib.varbinds`
"""

from __future__ import annotations

from alert_core.model import Notification, severity_rank
from alert_snmp._objects import Kind, Varbind, body, date_and_time, gauge, line

BASE = "1.3.6.1.4.1.8072.9999.9999.25378"


class AlertMib:
    """The numbers of `share/snmp/mibs/ALERT-MIB.txt`.

    Args:
        base: Where they begin.
    """

    def __init__(self, base: str = BASE) -> None:
        self.fired, self.closed, self.test = (f"{base}.0.{number}" for number in (1, 2, 3))
        self._oids = [f"{base}.1.{number}.0" for number in range(1, 12)]

    def varbinds(self, oid: str, notification: Notification, key: str) -> list[Varbind]:
        """All objects, in the order of their numbers, whatever the notification."""
        values: tuple[tuple[Kind, int | bytes], ...] = (
            ("octets", line(notification.id)),
            ("octets", line(notification.condition)),
            ("integer", severity_rank(notification.severity) + 1),
            ("octets", line(notification.subject)),
            ("octets", line(notification.computer)),
            ("octets", date_and_time(notification.time)),
            ("gauge", gauge(notification.quantity)),
            ("gauge", gauge(notification.suppressed)),
            ("octets", body(notification.body)),
            ("octets", line(key)),
            ("octets", line(notification.key)),
        )
        return [Varbind(number, kind, value) for number, (kind, value) in zip(self._oids, values, strict=True)]
