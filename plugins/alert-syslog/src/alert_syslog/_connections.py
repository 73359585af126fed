"""Receives over TCP and TLS: many senders, none of which can hold up another."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable

from alert_syslog._basket import Basket
from alert_syslog._framing import Frames
from alert_syslog._notices import Notices
from alert_syslog._sockets import plain_address
from alert_syslog.source_settings import SyslogSourceSettings

__all__ = ["Connection", "Connections"]

_PER_TURN = 64
_HANDSHAKE_SECONDS = 10.0
_SHUTDOWN_SECONDS = 1.0
_AGAIN_SECONDS = 1.0
_SOON_SECONDS = 0.01
_RESET = struct.pack("ii", 1, 0)
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Connection(asyncio.Protocol):
    """One sender's connection, from the moment it is accepted.

    Attributes:
        sender: The address it comes from.
        heard: When it last said something.
        end: How many records had been taken in when the sender ended the connection; `None` while it has not.
    """

    def __init__(self, group: Connections, sender: str) -> None:
        self.sender, self._group = sender, group
        self.heard = asyncio.get_running_loop().time()
        self.end: int | None = None
        self.transport: asyncio.Transport | None = None
        self.task: asyncio.Task[None] | None = None
        self._frames = Frames(group.settings.framing, group.settings.max_record_bytes)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        tls, certificate = self._group.settings.tls, transport.get_extra_info("peercert")
        if transport.get_extra_info("ssl_object") and tls and not tls.lets_in(certificate):
            self._group.notices.warn(
                "name", f"a client at {self.sender} was refused: its certificate has no name that may send"
            )
            transport.abort()
        elif self._group.paused:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.heard = asyncio.get_running_loop().time()
        self._take(self._frames.feed(data))

    def eof_received(self) -> bool:
        """The sender has said everything. Over TCP it is told that we have everything, too, when that is on disk."""
        assert self.transport is not None
        if self.end is None:  # it is told again when reading was paused
            self._take(self._frames.end(by_sender=True))
            self.end = self._group.basket.taken
            self._group.close_ended()
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, error: Exception | None) -> None:
        self.finish(by_sender=error is None)
        self._group.members.discard(self)

    def finish(self, *, by_sender: bool = False) -> None:
        """Take in what was read and not finished."""
        self._take(self._frames.end(by_sender=by_sender))

    def close(self) -> None:
        """Take in what was read, and end the connection."""
        self.finish()
        self.drop()

    def leave(self) -> None:
        """End the connection, politely if there is one already."""
        if self.transport is None:
            self.drop()
        elif not self.transport.is_closing():
            self.transport.close()

    def drop(self) -> None:
        """End the connection at once, by a reset: an orderly end could be taken for an answer."""
        if self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()
        elif self.task is not None:
            self.task.cancel()

    def _take(self, records: list[bytes]) -> None:
        if records:
            self._group.basket.add(records, self.sender)
            self._group.filled()


class Connections:
    """All connections of a source.

    Args:
        settings: Of the source.
        basket: Where records go.
        notices: Where faults of senders are reported.
        filled: Called when there are new records.

    Attributes:
        paused: Whether nothing is read.
        members: The connections there are.
    """

    def __init__(self, settings: SyslogSourceSettings, basket: Basket, *, notices: Notices, filled: Callable[[], None]) -> None:
        self.settings, self.basket = settings, basket
        self.notices, self.filled = notices, filled
        self.paused = False
        self.members: set[Connection] = set()

    def listen(self, listener: socket.socket, context: Callable[[], ssl.SSLContext | None]) -> None:
        """Take what comes in at a listening socket; a context means TLS."""
        if listener.fileno() >= 0:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener, context)

    def _accept(self, listener: socket.socket, context: Callable[[], ssl.SSLContext | None]) -> None:
        for _ in range(_PER_TURN):
            try:
                accepted, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _FULL:
                    self._rest(listener, context, error)
                    return
                continue  # it was gone before it was accepted
            self._welcome(accepted, plain_address(address[0]), context())

    def _rest(self, listener: socket.socket, context: Callable[[], ssl.SSLContext | None], error: OSError) -> None:
        """Nothing more can be opened: give one up and wait a little."""
        self.notices.warn("full", f"cannot accept a connection: {error.strerror}; raise the limit, such as LimitNOFILE")
        self._give_one_up()
        loop = asyncio.get_running_loop()
        loop.remove_reader(listener)
        loop.call_later(_AGAIN_SECONDS, self.listen, listener, context)

    def _welcome(self, accepted: socket.socket, sender: str, context: ssl.SSLContext | None) -> None:
        if len(self.members) >= self.settings.max_connections:
            self.notices.warn("many", f"there are {len(self.members)} connections; one was given up for a new one")
            self._give_one_up()
        accepted.setblocking(False)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 300)
        connection = Connection(self, sender)
        self.members.add(connection)
        connection.task = asyncio.create_task(self._greet(connection, accepted, context))
        connection.task.add_done_callback(lambda _: self._greeted(connection, accepted))

    async def _greet(self, connection: Connection, accepted: socket.socket, context: ssl.SSLContext | None) -> None:
        seconds = _HANDSHAKE_SECONDS if context else None
        end = _SHUTDOWN_SECONDS if context else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, accepted, ssl=context, ssl_handshake_timeout=seconds, ssl_shutdown_timeout=end
            )
        except OSError as error:
            reason = str(getattr(error, "reason", None) or error.strerror or error).lower().replace("_", " ")
            self.notices.warn("handshake", f"a client at {connection.sender} failed to connect: {reason}")

    def _greeted(self, connection: Connection, accepted: socket.socket) -> None:
        if connection.transport is None:  # refused, or given up before anybody looked at it
            accepted.close()
            self.members.discard(connection)

    def _give_one_up(self) -> None:
        """Of the sender with the most connections, the one that was silent for longest."""
        many = Counter(connection.sender for connection in self.members)
        chosen = min(self.members, key=lambda connection: (-many[connection.sender], connection.heard), default=None)
        if chosen is not None:
            chosen.close()
            self.members.discard(chosen)

    def pause(self) -> None:
        """Read nothing for a while, so that senders have to wait."""
        self.paused = True
        for transport in self._open():
            transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self.paused = False
        for transport in self._open():
            transport.resume_reading()

    def _open(self) -> list[asyncio.Transport]:
        # Asked for anything else, a TLS connection that is being closed raises.
        found = [connection.transport for connection in self.members]
        return [transport for transport in found if transport is not None and not transport.is_closing()]

    def close_ended(self) -> None:
        """End the connections whose senders ended them, as far as everything that they said is on disk."""
        for connection in [one for one in self.members if one.end is not None and one.end <= self.basket.safe]:
            if connection.transport is not None and not connection.transport.is_closing():
                connection.transport.close()

    def finish(self) -> None:
        """Take in what was read, and read nothing more."""
        self.pause()
        for connection in self.members:
            connection.finish()

    async def leave(self) -> None:
        """End all connections, politely if everything is on disk and that is soon done."""
        loop = asyncio.get_running_loop()
        end = loop.time() + (_SHUTDOWN_SECONDS if self.basket.safe == self.basket.taken else 0)
        for connection in tuple(self.members):
            if self.basket.safe == self.basket.taken:
                connection.leave()
        while self.members and loop.time() < end:
            await asyncio.sleep(_SOON_SECONDS)
        for connection in tuple(self.members):
            connection.drop()
        await asyncio.sleep(0)

    def close_idle(self) -> None:
        """End those that have been silent for too long."""
        limit = self.settings.idle_seconds
        now = asyncio.get_running_loop().time()
        for connection in [one for one in self.members if limit and one.end is None and now - one.heard > limit]:
            connection.close()
