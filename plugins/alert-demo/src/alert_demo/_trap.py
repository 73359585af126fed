"""Reading an SNMP trap."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyasn1.codec.ber import decoder  # type: ignore[import-untyped]
from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]
from pysnmp.proto.api import v2c  # type: ignore[import-untyped]

from alert_demo._message import Message

__all__ = ["read"]

_NAMES = {"1.3.6.1.2.1.1.3.0": "sysUpTime.0", "1.3.6.1.6.3.1.1.4.1.0": "snmpTrapOID.0"}
_OBJECTS = "1.3.6.1.4.1.8072.9999.9999.25378.1."
# By their numbers, as the README of alert-snmp lists them.
_OBJECT_NAMES = (
    "id", "condition", "severity", "subject", "computer", "time", "quantity", "suppressed", "body", "delivery",
    "key",
)  # fmt: skip
_DATE_AND_TIME_BYTES = 11


def read(raw: bytes) -> Message:
    """The objects of an SNMPv2c trap by their names; of anything else, its bytes."""
    try:
        message, _ = decoder.decode(raw, asn1Spec=v2c.Message())
        pairs = v2c.apiPDU.get_varbinds(v2c.apiMessage.get_pdu(message))
        objects = {_name(str(oid)): _value(_name(str(oid)), value) for oid, value in pairs}
    except PyAsn1Error:
        return Message("snmp", "", {"unreadable": raw.hex()})
    return Message("snmp", str(objects.get("id.0", "")), {"objects": objects})


def _name(oid: str) -> str:
    number = oid.removeprefix(_OBJECTS).removesuffix(".0")
    if oid.startswith(_OBJECTS) and number.isdecimal() and 1 <= int(number) <= len(_OBJECT_NAMES):
        return f"{_OBJECT_NAMES[int(number) - 1]}.0"
    return _NAMES.get(oid, oid)


def _value(name: str, value: Any) -> str | int:
    if isinstance(value, v2c.OctetString):
        raw = bytes(value)
        return _moment(raw) if name == "time.0" and len(raw) == _DATE_AND_TIME_BYTES else raw.decode("utf-8", "replace")
    return int(value) if isinstance(value, v2c.Integer | v2c.Gauge32 | v2c.TimeTicks) else str(value)


def _moment(raw: bytes) -> str:
    """A `DateAndTime` of SNMPv2-TC in a form that people read."""
    try:
        return datetime(int.from_bytes(raw[:2], "big"), *raw[2:7]).isoformat(sep=" ") + " UTC"
    except ValueError:
        return raw.hex()
