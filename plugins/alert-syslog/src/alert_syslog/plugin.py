"""The action type `syslog`, and the source type of the same name."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, Notification, Receipt, Strength, hookimpl
from alert_syslog.settings import SyslogSettings
from alert_syslog.source import SyslogSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from alert_syslog._transport import Transport


class SyslogAction(Action[SyslogSettings]):
    """Send a message to a syslog server over UDP, TCP or TLS.

    Syslog servers never answer, so the receipt says `handed-over`, whatever the transport.
    """

    name = "syslog"
    label = "Syslog"
    on_close = True
    lossy = True
    instructions: ClassVar[str] = (
        "A syslog server (such as rsyslog or syslog-ng) must listen on the server's address and port with the chosen "
        "transport before this action is used, and firewalls in between must let the messages through. With TLS, its "
        "certificate must be valid for the server's name and come from an authority that this computer, or the CA file of "
        "the action, trusts; a server that asks for a client certificate must trust the authority of that one. A server "
        "that cuts messages at a length of its own should be set to at least the longest message of this action."
    )

    _ways: tuple[Transport, Callable[..., bytes]] | None = None

    def declines(self, notification: Notification) -> str:
        """What closes, unless `on_close` asks for it."""
        if notification.kind == "closed" and not self.settings.on_close:
            return "nothing is sent when something closes; on_close is off"
        return super().declines(notification)

    def send(self, notification: Notification) -> Receipt:
        """Hand the message over; with UDP and TCP alike, nobody says that it was stored."""
        transport, compose = self._ways or self._make_ways()
        key = self.idempotency_key(notification)
        message = compose(notification, self.settings, hostname=socket.gethostname(), key=key)
        transport.send(message)
        return Receipt(Strength.HANDED_OVER, detail=f"{len(message)} bytes to {transport.place}")

    def close(self) -> None:
        """Give the socket up."""
        if self._ways is not None:
            self._ways[0].close()

    def _make_ways(self) -> tuple[Transport, Callable[..., bytes]]:
        """The way to the server, and that from a notification to a message; looking for modules each time would take long."""
        from alert_syslog._message import compose
        from alert_syslog._transport import transport

        self._ways = transport(self.settings, self.context.reveal), compose
        return self._ways


@hookimpl
def alert_register_actions() -> list[type[SyslogAction]]:
    """Offer the type."""
    return [SyslogAction]


@hookimpl
def alert_register_sources() -> list[type[SyslogSource]]:
    """Offer the type."""
    return [SyslogSource]
