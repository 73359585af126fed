"""CEF as the SMS writes it: the core reads it, and here its custom fields get the names that the other layouts have."""

from __future__ import annotations

from typing import Any

import msgspec

from alert_core import UNPARSED, Event
from alert_tippingpoint._hit import HIT, without_number

__all__ = ["MARKS", "refined"]

MARKS = ("|TippingPoint|UnityOne|", "|TippingPoint|SMS|")
"""What the header of a record holds: vendor and product."""

_HITS = "UnityOne"
# By label, and by the field itself for records without labels.
_NAMES = {
    "Profile Name": "profile", "cs1": "profile",
    "Policy UUID": "policy_uuid", "cs2": "policy_uuid",
    "Signature UUID": "signature_uuid", "cs3": "signature_uuid",
    "ZoneNames": "zones", "cs4": "zones",
    "SMS Name": "sms", "cs5": "sms",
    "Filter Message Parms": "parameters", "cs6": "parameters",
    "VLAN ID": "vlan", "cn1": "vlan",
    "Taxonomy": "taxonomy", "cn2": "taxonomy",
    "Packet Trace": "packet_trace", "cn3": "packet_trace",
    "Client IPv6": "client_ipv6", "c6a1": "client_ipv6",
    "Source IPv6": "source_ipv6", "c6a2": "source_ipv6",
    "Destination IPv6": "destination_ipv6", "c6a3": "destination_ipv6",
    "externalId": "sequence", "cat": "category", "deviceInboundInterface": "port", "dvchost": "device",
}  # fmt: skip
_UNSPECIFIED = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
_PAIR = 2


def refined(event: Event) -> Event:
    """The event with what is known about this vendor's fields."""
    if event.type == UNPARSED:
        return event
    said: dict[str, Any] = {}
    for name, value in event.attributes.items():
        if value != "" and not name.endswith("Label"):
            said.setdefault(_NAMES.get(name, name), value)
    name = str(said.get("name", ""))
    short = without_number(name)
    changes: dict[str, Any] = {"risk": event.risk or short}
    if said.get("product") == _HITS or short != name:
        said["signature"] = event.type
        changes["type"] = HIT
    zones = str(said.get("zones", "")).split()
    if len(zones) == _PAIR:
        said["source_zone"], said["destination_zone"] = zones
    for field, other in (("source_address", "source_ipv6"), ("destination_address", "destination_ipv6")):
        if getattr(event, field) in _UNSPECIFIED and said.get(other):
            changes[field] = said[other]
    return msgspec.structs.replace(event, attributes=said, **changes)
