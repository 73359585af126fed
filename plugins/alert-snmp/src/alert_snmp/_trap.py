"""Sending traps: one socket, kept, and messages made of bytes."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import time
from collections.abc import Callable, Sequence

from alert_snmp import _ber as ber
from alert_snmp._objects import Varbind

_SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_V1_TRAP, _V2_TRAP = 0xA4, 0xA7
_ENTERPRISE_SPECIFIC = 6
_TAGS = {"integer": ber.INTEGER, "gauge": ber.GAUGE}
# A name may point elsewhere by now, and nobody answers a trap to say so.
_RESOLVE_AGAIN_SECONDS = 60.0

Wrap = Callable[[bytes], bytes]
"""Puts a PDU into a message."""


class TrapSender:
    """Sends traps to one receiver.

    Args:
        host: Name or address of the receiver.
        port: Its UDP port.
        wrap: Makes a message of a PDU.
        v1: Whether the PDU is that of SNMPv1.
    """

    def __init__(self, host: str, port: int, wrap: Wrap, *, v1: bool = False) -> None:
        self._host, self._port, self._wrap, self._v1 = host, port, wrap, v1
        self._started = time.monotonic()
        self._request_id = secrets.randbits(30)
        self._socket: socket.socket | None = None
        self._resolved = 0.0

    def send(self, oid: str, objects: Sequence[Varbind]) -> None:
        """Send one trap.

        Raises:
            OSError: The host is unknown, or the system cannot or may not send to it.
        """
        connection = self._connection()
        try:
            connection.send(self._wrap(self._pdu(connection, oid, objects)))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the socket; the next trap opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connection(self) -> socket.socket:
        if self._socket is not None and time.monotonic() - self._resolved > _RESOLVE_AGAIN_SECONDS:
            self.close()
        if self._socket is None:
            self._socket = _connect(self._host, self._port)
            self._resolved = time.monotonic()
        return self._socket

    def _pdu(self, connection: socket.socket, oid: str, objects: Sequence[Varbind]) -> bytes:
        ticks = ber.integer(int((time.monotonic() - self._started) * 100) & 0xFFFFFFFF, ber.TICKS)
        pairs = [ber.sequence(ber.oid(item.oid), _value(item)) for item in objects]
        if self._v1:
            return _v1_pdu(oid, _own_address(connection), ticks, ber.sequence(*pairs))
        self._request_id = self._request_id + 1 & 0x7FFFFFFF
        first = (ber.sequence(ber.oid(_SYS_UP_TIME), ticks), ber.sequence(ber.oid(_SNMP_TRAP_OID), ber.oid(oid)))
        zero = ber.integer(0)
        return ber.sequence(ber.integer(self._request_id), zero, zero, ber.sequence(*first, *pairs), tag=_V2_TRAP)


def community_messages(community: str, *, v1: bool) -> Wrap:
    """Wraps PDUs into messages of SNMPv1 or v2c."""
    start = ber.integer(0 if v1 else 1) + ber.octets(community.encode())
    return lambda pdu: ber.tlv(ber.SEQUENCE, start + pdu)


def _connect(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    connection = socket.socket(family, kind, protocol)
    try:
        # Connected, so that the system reports a host that refuses or cannot be reached; never waits for a full buffer.
        connection.connect(address)
        connection.setblocking(False)
    except OSError:
        connection.close()
        raise
    return connection


def _value(item: Varbind) -> bytes:
    if isinstance(item.value, bytes):
        return ber.octets(item.value)
    return ber.integer(item.value, _TAGS[item.kind])


def _v1_pdu(oid: str, address: bytes, ticks: bytes, objects: bytes) -> bytes:
    """The older PDU has the trap's OID in two pieces (RFC 3584, section 3.2)."""
    enterprise, _, specific = oid.rpartition(".")
    return ber.sequence(
        ber.oid(enterprise.removesuffix(".0")),
        ber.tlv(ber.ADDRESS, address),
        ber.integer(_ENTERPRISE_SPECIFIC),
        ber.integer(int(specific)),
        ticks,
        objects,
        tag=_V1_TRAP,
    )


def _own_address(connection: socket.socket) -> bytes:
    """The sender's address in four bytes, for which IPv6 has to say zero."""
    address = ipaddress.ip_address(connection.getsockname()[0].partition("%")[0])
    return address.packed if address.version == 4 else bytes(4)
