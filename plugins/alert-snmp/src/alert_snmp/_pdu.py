"""The protocol data units of traps, as bytes."""

from __future__ import annotations

from collections.abc import Sequence

from alert_snmp import _ber as ber
from alert_snmp._objects import Varbind

_SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"
_V1_TRAP, _V2_TRAP = 0xA4, 0xA7
_ENTERPRISE_SPECIFIC = 6
_TAGS = {"integer": ber.INTEGER, "gauge": ber.GAUGE, "octets": ber.OCTETS, "address": ber.ADDRESS}


def v2_trap(oid: str, objects: Sequence[Varbind], *, ticks: int, request_id: int) -> bytes:
    """The PDU of SNMPv2c and v3, in which time and trap are objects as well."""
    zero = ber.integer(0)
    first = (
        ber.sequence(ber.oid(_SYS_UP_TIME), ber.integer(ticks, ber.TICKS)),
        ber.sequence(ber.oid(_SNMP_TRAP_OID), ber.oid(oid)),
    )
    return ber.sequence(ber.integer(request_id), zero, zero, ber.sequence(*first, _pairs(objects)), tag=_V2_TRAP)


def v1_trap(oid: str, objects: Sequence[Varbind], *, ticks: int, address: bytes) -> bytes:
    """The older PDU, which has the trap's number in pieces."""
    enterprise, generic, specific = split(oid)
    return ber.sequence(
        ber.oid(enterprise),
        ber.tlv(ber.ADDRESS, address),
        ber.integer(generic),
        ber.integer(specific),
        ber.integer(ticks, ber.TICKS),
        ber.sequence(_pairs(objects)),
        tag=_V1_TRAP,
    )


def split(oid: str) -> tuple[str, int, int]:
    """A trap's number as enterprise, generic and specific trap of SNMPv1 (RFC 3584, section 3.2)."""
    enterprise, _, last = oid.rpartition(".")
    number = int(last)
    if enterprise == _SNMP_TRAPS and 1 <= number <= _ENTERPRISE_SPECIFIC:
        return enterprise, number - 1, 0
    return enterprise.removesuffix(".0"), _ENTERPRISE_SPECIFIC, number


def _pairs(objects: Sequence[Varbind]) -> bytes:
    return b"".join([ber.sequence(ber.oid(number), _value(kind, value)) for number, kind, value in objects])


def _value(kind: str, value: int | bytes) -> bytes:
    return ber.tlv(_TAGS[kind], value) if isinstance(value, bytes) else ber.integer(value, _TAGS[kind])
