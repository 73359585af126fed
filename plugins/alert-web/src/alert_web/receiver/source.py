"""The source type `web`."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar

from alert_core import AlertError, EventSource, Push, SourceError
from alert_web.receiver.settings import Place, WebSourceSettings

if TYPE_CHECKING:
    import socket

__all__ = ["WebSource"]

_MISSING = "receiving needs the package h11; install it with: pip install 'alert-web[receiver]'"
_WAITING_BYTES = 64 * 1024 * 1024


class WebSource(EventSource[WebSourceSettings]):
    """Receive events as web requests with JSON, such as the webhooks of Alertmanager, Falco, and other installations of alert.

    A request is answered with yes when its events are on disk.
    """

    name = "web"
    label = "Web requests"
    rewindable = False
    endless = True
    default_format: ClassVar[str] = "auto"

    def check(self) -> Sequence[str]:
        """What would not work, and who could send that should not."""
        settings, found = self.settings, []
        if importlib.util.find_spec("h11") is None:
            found.append(_MISSING)
        if settings.open_to_all:
            found.append("whoever reaches this port can send events; set token, signature, or tls.client_ca_file")
        if settings.token and not all(place.encrypted or place.local for place in settings.places):
            found.append("the token is shown to everyone on the way; listen with https")
        if settings.tls:
            from alert_core.tls import server_context

            try:
                server_context(settings.tls, self.context.reveal)
            except AlertError as error:
                found.append(str(error))
        return found

    def run(self, push: Push, stop: threading.Event) -> None:
        """Answer requests until `stop` is set."""
        import asyncio

        if importlib.util.find_spec("h11") is None:
            raise SourceError(_MISSING)
        from alert_web.receiver._server import open_socket

        with ExitStack() as opened:
            sockets = {place: opened.enter_context(open_socket(place)) for place in self.settings.places}
            asyncio.run(self._serve(sockets, push, stop))

    async def _serve(self, sockets: Mapping[Place, socket.socket], push: Push, stop: threading.Event) -> None:
        import asyncio

        from alert_web.receiver._body import Budget
        from alert_web.receiver._certificates import Certificates
        from alert_web.receiver._connection import House
        from alert_web.receiver._gate import Gate
        from alert_web.receiver._keeper import Keeper
        from alert_web.receiver._memory import Memory
        from alert_web.receiver._server import Server

        settings, reveal = self.settings, self.context.reveal
        gate = Gate(settings, reveal)
        certificates = Certificates(settings.tls, reveal).context if settings.tls else None
        file, end = self.context.state_folder / "received.sqlite", push.cursor
        keeper = Keeper(push, lambda: Memory(file, end), remember_seconds=settings.remember_hours * 3600)
        house = House(settings, gate, keeper, Budget(_WAITING_BYTES), stop.is_set)
        server = Server(sockets, house, certificates)
        keeping = asyncio.create_task(keeper.run())
        try:
            await server.run(stop, keeping)
        finally:
            keeper.end()
            leaving = asyncio.create_task(server.leave())
            await asyncio.wait([keeping, leaving])
            await leaving
            await keeping
