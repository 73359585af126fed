"""The source type `syslog`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from alert_core import AlertError, Context, EventSource, Push
from alert_syslog.source_settings import SyslogSourceSettings

if TYPE_CHECKING:
    from alert_syslog._basket import Basket

__all__ = ["SyslogSource"]


class SyslogSource(EventSource[SyslogSourceSettings]):
    """Receive syslog messages over UDP, TCP and TLS, as a syslog server does.

    The core writes them to disk before they count.
    """

    name = "syslog"
    label = "Syslog messages"
    rewindable = False
    endless = True
    default_format: ClassVar[Mapping[str, Any]] = {"type": "syslog", "format": "auto"}

    def __init__(self, settings: SyslogSourceSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._basket: Basket | None = None

    def check(self) -> Sequence[str]:
        """Whether the certificate can be used."""
        from alert_core.tls import server_context

        if self.settings.tls is not None:
            try:
                server_context(self.settings.tls, self.context.reveal)
            except AlertError as error:
                return (str(error),)
        return ()

    def run(self, push: Push, stop: threading.Event) -> None:
        """Receive until `stop` is set; what was received until then is pushed."""
        import asyncio

        from alert_syslog._basket import Basket
        from alert_syslog._receiver import Receiver

        # Kept for the next run: what could not be written in this one was received all the same.
        self._basket = self._basket or Basket()
        receiver = Receiver(self.settings, self.context.name, reveal=self.context.reveal, basket=self._basket, push=push)
        asyncio.run(receiver.run(stop))
