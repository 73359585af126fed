"""Sockets to listen on: every address of this computer, large buffers, and what the kernel had to drop."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from alert_core import SourceError
from alert_syslog.source_settings import Place

__all__ = ["dropped", "enlarge", "open_sockets", "plain_address"]

_BACKLOG = 1024
# Python does not name these two of Linux.
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("9I")


def open_sockets(place: Place) -> list[socket.socket]:
    """The sockets that listen at a place, without waiting.

    Raises:
        SourceError: The place cannot be had.
    """
    with ExitStack() as opened:
        sockets = [opened.enter_context(_open(place, *found)) for found in _addresses(place)]
        opened.pop_all()
    return sockets


def _addresses(place: Place) -> Iterator[tuple[socket.AddressFamily, str]]:
    if not place.address:
        yield _every_address()
        return
    try:
        found = socket.getaddrinfo(place.address, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise SourceError(f"cannot listen on {_shown(place)}: {error.strerror}; check the address") from error
    yield from dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found)


def _every_address() -> tuple[socket.AddressFamily, str]:
    """One IPv6 socket takes IPv4 as well, where the kernel has IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return socket.AF_INET, "0.0.0.0"  # noqa: S104 that is what the administrator asked for
    return socket.AF_INET6, "::"


def _open(place: Place, family: socket.AddressFamily, address: str) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM if place.transport == "udp" else socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if place.transport != "udp":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address, place.port))
        if place.transport != "udp":
            opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise SourceError(f"cannot listen on {_shown(place)}: {error.strerror}; {_hint(error, place)}") from error
    return opened


def _hint(error: OSError, place: Place) -> str:
    if isinstance(error, PermissionError):
        return "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
    return f"see what else listens there, and whether {place.address or 'the address'} is one of this computer"


def _shown(place: Place) -> str:
    return f"{place.transport} port {place.port}" + (f" of {place.address}" if place.address else "")


def enlarge(opened: socket.socket, wanted_bytes: int) -> int:
    """Give a socket a receive buffer of a size, or the largest that there is; how large it became."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE if sys.platform == "linux" else socket.SO_RCVBUF, wanted_bytes)
    except OSError:  # only the administrator may go beyond the limit
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted_bytes)
    got = opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return got // 2 if sys.platform == "linux" else got  # Linux answers with its own overhead added


def dropped(opened: socket.socket) -> int:
    """How many datagrams the kernel has dropped since the socket was opened, modulo 2**32; always 0 where it does not say."""
    if sys.platform != "linux":
        return 0
    counters = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    return int(_MEMINFO.unpack(counters)[-1]) if len(counters) == _MEMINFO.size else 0


def plain_address(address: str) -> str:
    """The address of a sender as people write it: an IPv4 one without its IPv6 disguise."""
    return address[7:] if address.startswith("::ffff:") else address
