"""Sending traps: one socket, kept, and messages made of bytes."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Sequence

from alert_snmp import _ber as ber
from alert_snmp import _pdu as pdu
from alert_snmp._objects import Varbind

# A name may point elsewhere by now, and nobody answers a trap to say so.
_RESOLVE_AGAIN_SECONDS = 60.0
# How long the system may take to make room for a trap while many are on their way.
_ROOM_SECONDS = 1.0

Wrap = Callable[[bytes], bytes]
"""Puts a PDU into a message."""


class TrapSender:
    """Sends traps of SNMPv2c or v3 to one receiver.

    Args:
        host: Name or address of the receiver.
        port: Its UDP port.
        wrap: Makes a message of a PDU.
    """

    def __init__(self, host: str, port: int, wrap: Wrap) -> None:
        self._host, self._port, self._wrap = host, port, wrap
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
        ticks = int((time.monotonic() - self._started) * 100) & 0xFFFFFFFF
        try:
            connection.send(self._wrap(self._pdu(connection, ticks, oid, objects)))
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

    def _pdu(self, connection: socket.socket, ticks: int, oid: str, objects: Sequence[Varbind]) -> bytes:
        self._request_id = self._request_id + 1 & 0x7FFFFFFF
        return pdu.v2_trap(oid, objects, ticks=ticks, request_id=self._request_id)


class V1TrapSender(TrapSender):
    """Sends traps of SNMPv1, which name the sender by an IPv4 address.

    Args:
        host: Name or address of the receiver.
        port: Its UDP port.
        wrap: Makes a message of a PDU.
        agent_address: The address to name; empty: the one that the trap leaves from.
    """

    def __init__(self, host: str, port: int, wrap: Wrap, agent_address: str = "") -> None:
        super().__init__(host, port, wrap)
        self._agent_address = socket.inet_aton(agent_address) if agent_address else b""

    def _pdu(self, connection: socket.socket, ticks: int, oid: str, objects: Sequence[Varbind]) -> bytes:
        address = self._agent_address or _own_address(connection)
        return pdu.v1_trap(oid, objects, ticks=ticks, address=address)


def community_messages(community: str, *, v1: bool) -> Wrap:
    """Wraps PDUs into messages of SNMPv1 or v2c."""
    start = ber.integer(0 if v1 else 1) + ber.octets(community.encode())
    return lambda pdu: ber.tlv(ber.SEQUENCE, start + pdu)


def _connect(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    connection = socket.socket(family, kind, protocol)
    try:
        # Connected, so that the system reports a host that refuses or cannot be reached.
        connection.connect(address)
        connection.settimeout(_ROOM_SECONDS)
    except OSError:
        connection.close()
        raise
    return connection


def _own_address(connection: socket.socket) -> bytes:
    """The sender's address in four bytes, for which IPv6 has to say zero."""
    return socket.inet_aton(connection.getsockname()[0]) if connection.family == socket.AF_INET else bytes(4)
