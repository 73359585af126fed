"""Listens, and looks after the connections."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress

from alert_core import SourceError
from alert_web.receiver._connection import Connection, House
from alert_web.receiver._gate import Visitor
from alert_web.receiver._wire import Wire
from alert_web.receiver.settings import Place

__all__ = ["Server", "open_socket"]

_LOOK_AT_STOP_SECONDS = 0.05
_HANDSHAKE_SECONDS = 10.0
_LEAVE_SECONDS = 2.0
_BACKLOG = 1024

logger = logging.getLogger(__name__)


def open_socket(place: Place) -> socket.socket:
    """The socket to listen on.

    Raises:
        SourceError: The address or the port cannot be had.
    """
    both = not place.address and socket.has_dualstack_ipv6()
    address = place.address or ("::" if both else "0.0.0.0")  # noqa: S104 that is what the administrator asked for
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, place.port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        hint = "see what else listens there, and whether the address is one of this computer"
        if isinstance(error, PermissionError):
            hint = "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
        where = f"port {place.port}" + (f" of {place.address}" if place.address else "")
        raise SourceError(f"cannot listen on {where}: {os.strerror(error.errno or 0)}; {hint}") from error


class Server:
    """Serves connections until it is told to stop.

    Args:
        sockets: Where they come in.
        house: What they share.
        certificates: Makes the context of TLS for a new connection, for places that are encrypted.
    """

    def __init__(
        self, sockets: Mapping[Place, socket.socket], house: House, certificates: Callable[[], ssl.SSLContext] | None
    ) -> None:
        self._sockets, self._house, self._certificates = sockets, house, certificates
        # In the order in which they last had an answer.
        self._open: OrderedDict[asyncio.Task[None], Connection | None] = OrderedDict()

    async def run(self, stop: threading.Event, keeping: asyncio.Task[None]) -> None:
        """Serve until `stop` is set or nothing can be kept any more; then let those finish who are being served."""
        accepting = [asyncio.create_task(self._accept(place, listening)) for place, listening in self._sockets.items()]
        try:
            while not (stop.is_set() or keeping.done()):
                await asyncio.sleep(_LOOK_AT_STOP_SECONDS)
        finally:
            for task in accepting:
                task.cancel()
            await asyncio.gather(*accepting, return_exceptions=True)
            for listening in self._sockets.values():
                listening.close()

    async def leave(self) -> None:
        """End all connections: at once those that wait for a request, the others soon."""
        for task, connection in self._open.items():
            if connection is None or connection.idle:
                task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=_LEAVE_SECONDS)
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, place: Place, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        certificates = self._certificates if place.encrypted else None
        while True:
            try:
                accepted, address = await loop.sock_accept(listening)
            except OSError as error:  # no more files may be open, or the sender is gone already
                logger.warning("cannot take a connection: %s", error.strerror)
                self._make_room()
                await asyncio.sleep(_LOOK_AT_STOP_SECONDS)
                continue
            if len(self._open) >= self._house.settings.max_connections:
                self._make_room()
            task = asyncio.create_task(self._serve(accepted, _plain(address[0]), certificates() if certificates else None))
            self._open[task] = None
            task.add_done_callback(self._open.pop)
            await asyncio.sleep(0)  # it begins, and so it ends in order whoever cancels it

    def _make_room(self) -> None:
        """Give up the connection that was silent for longest."""
        for task, connection in self._open.items():
            if connection is None or not connection.keeping:
                task.cancel()
                return

    async def _serve(self, accepted: socket.socket, address: str, context: ssl.SSLContext | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            reader, writer = await _streams(accepted, context)
        except OSError as error:
            logger.info("%s did not get a connection: %s", address, error)
            return
        visitor = Visitor(address, context is not None, writer.get_extra_info("peercert"))
        connection = Connection(Wire(reader, writer), visitor, self._house, lambda: self._open.move_to_end(task))
        self._open[task] = connection
        try:
            await connection.serve()
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await writer.wait_closed()
        finally:
            writer.transport.abort()


async def _streams(
    accepted: socket.socket, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol,
        accepted,
        ssl=context,
        ssl_handshake_timeout=_HANDSHAKE_SECONDS if context else None,
        ssl_shutdown_timeout=_LEAVE_SECONDS if context else None,
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _plain(address: str) -> str:
    """The address as people write it: an IPv4 one without its IPv6 disguise."""
    return address[7:] if address.startswith("::ffff:") else address
