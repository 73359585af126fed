"""The socket that notifications come to."""

from __future__ import annotations

import errno
import logging
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from alert_core import SourceError

__all__ = ["Datagram", "Listener"]

_log = logging.getLogger(__name__)

# Of Linux, unknown to the module `socket`.
_SO_RCVBUFFORCE, _SO_MEMINFO, _IP_PKTINFO = 33, 55, 8
_MEMINFO = struct.Struct("9I")
_DROPS = 8
_LARGEST = 65535
_MAPPED = "::ffff:"
_LINK_LOCAL = b"\xfe\x80"
_ROOM_FOR_PLACE = 128


class Datagram(NamedTuple):
    """What came, from where, and which of our addresses it came to, so that the answer leaves from there."""

    data: bytes
    peer: tuple[str | int, ...]
    place: list[tuple[int, int, bytes]]

    @property
    def sender(self) -> str:
        """The address of the sender; one of IPv4 as such, even if it came through a socket of IPv6."""
        return str(self.peer[0]).removeprefix(_MAPPED)

    @property
    def port(self) -> int:
        """The port of the sender."""
        return int(self.peer[1])


class Listener:
    """Receives datagrams, as many as the system can keep.

    Args:
        address: Where to listen; empty: everywhere, with both versions of IP if there are two.
        port: At which port.
        buffer_bytes: How much to ask the system to keep.

    Raises:
        SourceError: That is not possible.
    """

    def __init__(self, address: str, port: int, buffer_bytes: int) -> None:
        self._dropped = 0
        try:
            self._socket = _bound(address, port)
        except OSError as error:
            raise SourceError(
                f"cannot listen at UDP port {port} of {address or 'any address'}: {error.strerror or error}; "
                "is another program there, and may this one use it?"
            ) from error
        self._enlarge(buffer_bytes)

    def fileno(self) -> int:
        """What a selector waits for."""
        return self._socket.fileno()

    def receive(self, most: int) -> Iterator[Datagram]:
        """What is there, up to a number."""
        for _ in range(most):
            try:
                data, place, _, peer = self._socket.recvmsg(_LARGEST, _ROOM_FOR_PLACE)
            except BlockingIOError:
                return
            except ConnectionError:
                # What became of an earlier answer.
                continue
            yield Datagram(data, peer, _answerable(place))

    def answer(self, datagram: Datagram, data: bytes) -> None:
        """Send something back; whether it arrives is up to the network, and the sender asks again if it does not."""
        try:
            self._socket.sendmsg([data], datagram.place, 0, datagram.peer)
        except OSError as error:
            _log.debug("cannot answer %s: %s", datagram.sender, error)

    def dropped(self) -> int:
        """How many datagrams the system had to drop since the last call."""
        try:
            memory = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
            total = _MEMINFO.unpack(memory)[_DROPS]
        except (OSError, struct.error):
            return 0  # only Linux tells
        new = (total - self._dropped) & 0xFFFFFFFF
        self._dropped = total
        return int(new)

    def close(self) -> None:
        """Give up the socket."""
        self._socket.close()

    def _enlarge(self, wanted: int) -> None:
        # Linux gives twice what is asked for, because it counts its own overhead too.
        for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, option, wanted)
                break
            except OSError:
                continue
        given = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        if given < wanted:
            _log.warning("the system keeps only %d of %d bytes that come in; raise net.core.rmem_max", given, wanted)


def _bound(address: str, port: int) -> socket.socket:
    if address:
        return _opened(socket.AF_INET6 if ":" in address else socket.AF_INET, address, port, alone=True)
    try:
        return _opened(socket.AF_INET6, "::", port, alone=False)
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
    return _opened(socket.AF_INET, "", port, alone=True)


def _opened(family: socket.AddressFamily, address: str, port: int, *, alone: bool) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, alone)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        opened.setblocking(False)
        opened.bind((address, port))
    except OSError:
        opened.close()
        raise
    return opened


def _answerable(place: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Where a datagram came to, as where the answer is to leave from: the address alone, and the way as the routes have it."""
    found = []
    for level, kind, data in place:
        if level == socket.IPPROTO_IP and len(data) == 12:
            found.append((level, kind, bytes(4) + data[4:8] + bytes(4)))
        elif level == socket.IPPROTO_IPV6 and len(data) == 20:
            found.append((level, kind, data if data.startswith(_LINK_LOCAL) else data[:16] + bytes(4)))
    return found
