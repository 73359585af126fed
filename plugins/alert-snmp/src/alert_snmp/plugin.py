"""The action type `snmp`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, DeliveryError, Notification, Receipt, Strength, hookimpl
from alert_snmp.settings import SnmpSettings

if TYPE_CHECKING:
    from alert_snmp._sender import Sender


class SnmpAction(Action[SnmpSettings]):
    """Send an SNMP trap, or an inform that the receiver confirms, to a network management station.

    Speaks SNMPv1, v2c and v3 with all usual ways to sign and encrypt. The engine id of v3 is made up once and kept over
    restarts.
    """

    name = "snmp"
    label = "SNMP trap"
    instructions: ClassVar[str] = (
        "A trap receiver, such as snmptrapd or a network management station, must listen on the given UDP port, and firewalls "
        "in between must let it through. It must know the community (v1, v2c) or the user with its protocols and passphrases "
        "(v3). For v3 traps it must also know this sender's engine id, which the Test button shows; informs need none."
    )
    on_close = True
    lossy = True
    max_bytes = 1024

    _sender: Sender | None = None
    _detail = ""

    def send(self, notification: Notification) -> Receipt:
        """Send it; a trap is handed over to the network, an inform is confirmed by the receiver."""
        if notification.kind == "closed" and not self.settings.trap_on_close:
            return Receipt(Strength.HANDED_OVER, detail="nothing sent: trap_on_close is off")
        from alert_snmp._objects import varbinds

        sender = self._open()
        objects = varbinds(notification, self.idempotency_key(notification), self.max_bytes)
        try:
            sender.send(self._oid(notification), objects)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DeliveryError(f"cannot send to {self.settings.host} port {self.settings.port}: {reason}") from error
        return Receipt(Strength.CONFIRMED if self.settings.confirm else Strength.HANDED_OVER, detail=self._detail)

    def close(self) -> None:
        """Close the socket."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _open(self) -> Sender:
        from alert_snmp._sender import open_sender

        if self._sender is None:
            self._sender, self._detail = open_sender(self.settings, self.context)
        return self._sender

    def _oid(self, notification: Notification) -> str:
        if notification.test:
            return self.settings.test_oid
        return self.settings.close_oid if notification.kind == "closed" else self.settings.trap_oid


@hookimpl
def alert_register_actions() -> list[type[SnmpAction]]:
    """Offer the type."""
    return [SnmpAction]
