"""The action type `email`."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, DeliveryError, Notification, Receipt, SecretError, Strength, hookimpl
from alert_email.settings import EmailSettings

if TYPE_CHECKING:
    from alert_email._message import Letterhead
    from alert_email._smtp import Mailer


class EmailAction(Action[EmailSettings]):
    """Send an e-mail to one or more people, through the mail server of your choice.

    The mail carries the notification's subject and text, a Message-ID that stays the same when it has to be sent again,
    and an importance that follows the severity.
    """

    name = "email"
    label = "E-mail"
    instructions: ClassVar[str] = (
        "A mail server (SMTP) must be reachable from this computer and must accept mail from the sender's address to "
        "every recipient. If it asks for a password, it must offer PLAIN, LOGIN or CRAM-MD5; a server that insists on "
        "NTLM (Secure Password Authentication) cannot be used."
    )

    _made: tuple[Letterhead, Mailer] | None = None

    def send(self, notification: Notification) -> Receipt:
        """Hand the mail to the server; recipients whom it refuses are named in the receipt."""
        letterhead, mailer = self._tools()
        mail = letterhead.compose(notification, key=self.idempotency_key(notification))
        accepted = mailer.deliver(letterhead.sender.addr_spec, mail)
        refused = "; ".join(f"refused {address}: {reply}" for address, reply in accepted.refused.items())
        return Receipt(Strength.ACCEPTED, remote_id=accepted.reply, detail=refused)

    def close(self) -> None:
        """Say goodbye to the mail server."""
        if self._made is not None:
            self._made[1].close()

    def _tools(self) -> tuple[Letterhead, Mailer]:
        """What is made on first use, because the modules behind it are heavy."""
        from alert_email._message import Letterhead
        from alert_email._smtp import Mailer

        if self._made is None:
            self._made = Letterhead(self.settings, socket.gethostname()), Mailer(self.settings, self._password)
        return self._made

    def _password(self) -> str:
        if self.settings.password is None:
            return ""
        try:
            return self.context.reveal(self.settings.password)
        except SecretError as error:
            raise DeliveryError(str(error)) from error


@hookimpl
def alert_register_actions() -> list[type[EmailAction]]:
    """Offer the type."""
    return [EmailAction]
