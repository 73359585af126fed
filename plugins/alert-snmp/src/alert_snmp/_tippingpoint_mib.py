"""TPT-SMS-TRAP-MIB: the numbers of TippingPoint's Security Management System (SMS), for receivers that know these.

Its notifications come in pairs that open and close a response:

    1 QuarantineRequest, 3 QuarantineReleaseRequest    the SMS asks a management station to act on a host
    5 QuarantinePolicyNotification, then 3             the SMS tells what a policy matched
    14 QuarantineCommand, 6 UnQuarantineRequest        a management station asks the SMS to act on a host

The vendor describes the octets of NotifyData and PolicyMatchData nowhere; here they are subject and body.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Mapping

from alert_core import DeliveryError
from alert_core.model import Notification
from alert_snmp._objects import Varbind, body, line

_BASE = "1.3.6.1.4.1.10734.3.4.3"
_ID, _DATA, _MATCH, _ADDRESS, _MAC, _POLICY, _MESSAGE = 1, 2, 3, 5, 6, 12, 14
_CARRIED: Mapping[str, tuple[int, ...]] = {
    f"{_BASE}.0.1": (_ID, _DATA),
    f"{_BASE}.0.3": (_ID, _DATA),
    f"{_BASE}.0.5": (_MATCH,),
    f"{_BASE}.0.6": (_ID, _ADDRESS, _MAC),
    f"{_BASE}.0.14": (_ADDRESS, _POLICY),
}


class TippingPointMib:
    """The notifications that tell of hosts and responses, and the test; any other number carries a message, as it does."""

    fired, closed, test = (f"{_BASE}.0.{number}" for number in (5, 3, 17))

    def varbinds(self, oid: str, notification: Notification, key: str) -> list[Varbind]:
        """The objects that the MIB lists for a notification."""
        return [_OBJECTS[number](f"{_BASE}.1.{number}.0", notification) for number in _CARRIED.get(oid, (_MESSAGE,))]


def _response_id(oid: str, notification: Notification) -> Varbind:
    """The same for what opens and what closes; the MIB has 31 bits for it."""
    digest = hashlib.sha256(f"{notification.condition}\0{notification.key}".encode("utf-8", "replace")).digest()
    return Varbind(oid, "integer", int.from_bytes(digest[:4], "big") >> 1)


def _text(oid: str, notification: Notification) -> Varbind:
    return Varbind(oid, "octets", body(f"{line(notification.subject).decode()}\n{notification.body}"))


def _host(oid: str, notification: Notification) -> Varbind:
    """The host that the response is about; in an event, that is the attacker."""
    for text in (notification.key, notification.event.source_address, notification.computer):
        try:
            return Varbind(oid, "address", ipaddress.IPv4Address(text).packed)
        except ValueError:
            continue
    raise DeliveryError("the notification is about no IPv4 address, which TPT-SMS-TRAP-MIB asks for", retryable=False)


_OBJECTS: Mapping[int, Callable[[str, Notification], Varbind]] = {
    _ID: _response_id,
    _DATA: _text,
    _MATCH: _text,
    _ADDRESS: _host,
    # Events do not say it.
    _MAC: lambda oid, _notification: Varbind(oid, "octets", b""),
    _POLICY: lambda oid, notification: Varbind(oid, "octets", line(notification.condition)),
    _MESSAGE: lambda oid, notification: Varbind(oid, "octets", line(notification.subject)),
}
