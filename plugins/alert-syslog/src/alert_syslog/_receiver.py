"""Receives at every place where a source listens, in one thread, and hands over what it received."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

from alert_core import Push
from alert_core.settings import Secret
from alert_syslog._basket import Basket
from alert_syslog._certificates import Certificates
from alert_syslog._connections import Connections
from alert_syslog._datagrams import Datagrams
from alert_syslog._notices import Notices
from alert_syslog._sockets import enlarge, open_sockets
from alert_syslog.source_settings import Place, SyslogSourceSettings

__all__ = ["Receiver"]

_LOOK_AT_STOP_SECONDS = 0.05
_LOOK_AROUND_SECONDS = 1.0
_LAST_DATAGRAMS_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Receiver:
    """One run of a source.

    What is read waits in a basket while a thread writes what was read before; so one wait for the disk is for as many records
    as came meanwhile. When it is full nothing is read: over TCP and TLS senders wait, over UDP the buffer of the kernel fills.

    Args:
        settings: Of the source.
        name: Of the source.
        reveal: `Context.reveal`.
        basket: What was read; it outlives a run that could not write it.
        push: Writes a batch.
    """

    def __init__(
        self, settings: SyslogSourceSettings, name: str, *, reveal: Callable[[Secret], str], basket: Basket, push: Push
    ) -> None:
        self._settings, self._name = settings, name
        self._basket, self._push = basket, push
        self._notices = Notices(name)
        self._certificates = Certificates(settings.tls, reveal, self._notices) if settings.tls else None
        self._connections = Connections(settings, basket, notices=self._notices, filled=self._note)
        self._datagrams: list[Datagrams] = []
        self._filled = asyncio.Event()
        self._ending = False

    async def run(self, stop: threading.Event) -> None:
        """Receive until `stop` is set; what was received until then is written.

        Raises:
            SourceError: It cannot listen, or what was received cannot be written.
        """
        self._note()  # there may be something from an earlier run
        try:
            with ExitStack() as opened:
                for place in self._settings.places:
                    for listening in open_sockets(place):
                        opened.enter_context(listening)
                        self._serve(place, listening)
                        opened.callback(asyncio.get_running_loop().remove_reader, listening)
                async with self._writing() as writer:
                    await self._look_around(stop, writer)
                    await self._read_last_datagrams(writer)
                    self._connections.finish()
        finally:
            await self._connections.leave()

    def _serve(self, place: Place, listening: socket.socket) -> None:
        if place.transport == "udp":
            self._warn_if_small(place, enlarge(listening, self._settings.receive_buffer_bytes))
            datagrams = Datagrams(listening, self._basket, max_bytes=self._settings.max_record_bytes, filled=self._note)
            self._datagrams.append(datagrams)
            datagrams.resume()
        elif place.transport == "tls" and self._certificates is not None:
            self._certificates.context()  # what is wrong with the files is better known before a client comes
            self._connections.listen(listening, self._certificates.context)
        else:
            self._connections.listen(listening, lambda: None)

    def _warn_if_small(self, place: Place, got_bytes: int) -> None:
        if got_bytes < self._settings.receive_buffer_bytes:
            logger.warning(
                "source %s: the receive buffer of %s port %d is only %d bytes, so bursts may get lost; raise net.core.rmem_max",
                self._name, place.transport, place.port, got_bytes,
            )  # fmt: skip

    async def _look_around(self, stop: threading.Event, writer: asyncio.Task[None]) -> None:
        """Until the end: see to what is not announced by anything."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not stop.is_set() and not writer.done():
            if loop.time() >= due:
                due = loop.time() + _LOOK_AROUND_SECONDS
                self._count_dropped()
                self._connections.close_idle()
            await asyncio.sleep(_LOOK_AT_STOP_SECONDS)

    def _count_dropped(self) -> None:
        if dropped := sum(datagrams.count_dropped() for datagrams in self._datagrams):
            logger.warning("source %s: the kernel dropped %d datagrams, because they came too fast", self._name, dropped)

    async def _read_last_datagrams(self, writer: asyncio.Task[None]) -> None:
        """What the kernel has taken already is still read, if somebody takes it and it comes to an end."""
        end = asyncio.get_running_loop().time() + _LAST_DATAGRAMS_SECONDS
        while not writer.done() and asyncio.get_running_loop().time() < end:
            if not sum(datagrams.read() for datagrams in self._datagrams):
                break
            await asyncio.sleep(0)
        self._count_dropped()

    def _note(self) -> None:
        """There is something to write."""
        self._filled.set()
        if self._basket.full and not self._connections.paused:
            self._connections.pause()
            for datagrams in self._datagrams:
                datagrams.pause()

    def _note_written(self) -> None:
        self._basket.written()
        self._connections.close_ended()
        if self._connections.paused and not self._basket.full and not self._ending:
            self._connections.resume()
            for datagrams in self._datagrams:
                datagrams.resume()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[asyncio.Task[None]]:
        """Write meanwhile, and until everything is written; a failure is raised at the end."""
        writer = asyncio.create_task(self._write())
        try:
            yield writer
        finally:
            self._ending = True
            self._filled.set()
            await writer

    async def _write(self) -> None:
        while True:
            ending = self._ending
            self._filled.clear()
            while (batch := self._basket.batch()) is not None:
                await asyncio.to_thread(self._push, batch)
                self._note_written()
            if ending:
                return
            await self._filled.wait()
