"""The action type `snmp`, and what registers it with the receiver and its format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, Context, DeliveryError, Notification, Receipt, Strength, hookimpl
from alert_snmp._alert_mib import BASE, AlertMib
from alert_snmp._objects import MAX_BODY, Preset
from alert_snmp.format import SnmpTrapFormat
from alert_snmp.settings import SnmpSettings
from alert_snmp.source import SnmpSource

if TYPE_CHECKING:
    from alert_snmp._sender import Sender


class SnmpAction(Action[SnmpSettings]):
    """Send an SNMP trap, or an inform that the receiver confirms, to a network management station.

    Speaks SNMPv1, v2c and v3 with all usual ways to sign and encrypt, to IPv4 and IPv6 addresses. The objects are those of
    ALERT-MIB, or of TippingPoint's TPT-SMS-TRAP-MIB. The engine id of v3 is made up once and kept over restarts.
    """

    name = "snmp"
    label = "SNMP trap"
    instructions: ClassVar[str] = (
        "A trap receiver, such as snmptrapd or a network management station, must listen on the given UDP port, and firewalls "
        "in between must let it through. It must know the community (v1, v2c) or the user with its protocols and passphrases "
        "(v3). For v3 traps it must also know this sender's engine id, which the Test button shows; informs need none. "
        "To show names instead of numbers it needs ALERT-MIB, which is in the folder share/snmp/mibs of the installation."
    )
    on_close = True
    lossy = True
    max_bytes = MAX_BODY

    _sender: Sender | None = None
    _detail = ""

    def __init__(self, settings: SnmpSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._preset: Preset = AlertMib(settings.base_oid or BASE)
        if settings.preset == "tippingpoint":
            from alert_snmp._tippingpoint_mib import TippingPointMib

            self._preset = TippingPointMib()

    def declines(self, notification: Notification) -> str:
        """What closes, unless asked for."""
        return "trap_on_close is off" if notification.kind == "closed" and not self.settings.trap_on_close else ""

    def check(self) -> Sequence[str]:
        """Settings without effect."""
        unused = self.settings.close_oid is not None and not self.settings.trap_on_close
        return ("close_oid is never sent, because trap_on_close is off",) if unused else ()

    def send(self, notification: Notification) -> Receipt:
        """Send it; a trap is handed over to the network, an inform is confirmed by the receiver."""
        oid = self._oid(notification)
        objects = self._preset.varbinds(oid, notification, self.idempotency_key(notification))
        sender = self._open()
        try:
            sender.send(oid, objects)
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
            return self.settings.test_oid or self._preset.test
        if notification.kind == "closed":
            return self.settings.close_oid or self._preset.closed
        return self.settings.trap_oid or self._preset.fired


@hookimpl
def alert_register_actions() -> list[type[SnmpAction]]:
    """Offer the type."""
    return [SnmpAction]


@hookimpl
def alert_register_sources() -> list[type[SnmpSource]]:
    """Offer the receiver."""
    return [SnmpSource]


@hookimpl
def alert_register_formats() -> list[type[SnmpTrapFormat]]:
    """Offer the format of what it receives."""
    return [SnmpTrapFormat]
