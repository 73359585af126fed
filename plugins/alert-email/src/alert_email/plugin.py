"""The action type `email`."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, DeliveryError, Notification, Receipt, Secret, SecretError, hookimpl
from alert_email.settings import EmailSettings

if TYPE_CHECKING:
    from alert_email._message import Letterhead
    from alert_email._oauth import Tokens
    from alert_email._smtp import Mailer


class EmailAction(Action[EmailSettings]):
    """Send an e-mail to one or more people, through the mail server of your choice.

    The mail carries the notification's subject and text, as plain text and as HTML, a Message-ID that stays the same when it
    has to be sent again, and an importance that follows the severity.
    """

    name = "email"
    label = "E-mail"
    on_close = True
    instructions: ClassVar[str] = (
        "A mail server (SMTP) must be reachable from this computer and must accept mail from the sender's address to "
        "every recipient. If it asks for a password, it must offer PLAIN, LOGIN or CRAM-MD5, and for a token OAUTHBEARER or "
        "XOAUTH2; a server that insists on NTLM (Secure Password Authentication) cannot be used."
    )

    _made: tuple[Letterhead, Mailer] | None = None

    @property
    def batching(self) -> bool:
        """Several notifications go into one mail when the settings ask for digests."""
        return self.settings.digest

    def declines(self, notification: Notification) -> str:
        """What closes is told if the settings say so."""
        return "on_close is off" if notification.kind == "closed" and not self.settings.on_close else ""

    def check(self) -> Sequence[str]:
        """A mail without a sender would never be sent."""
        from alert_email._message import sender_address

        try:
            sender_address(self.settings, socket.gethostname())
        except DeliveryError as error:
            return (str(error),)
        return ()

    def send(self, notification: Notification) -> Receipt:
        """Hand the mail to the server; recipients whom it refuses for good are named in the receipt."""
        return self.resume(notification, "")

    def resume(self, notification: Notification, progress: str) -> Receipt:
        """Hand the mail to the server for those whom it refused for now."""
        letterhead, _ = self._tools()
        return self._deliver(letterhead.compose(notification, key=self.idempotency_key(notification)), progress)

    def send_many(self, batch: Sequence[Notification]) -> Sequence[Receipt | DeliveryError]:
        """Hand over one mail with all of them. If the server does not like it, each goes in a mail of its own."""
        from alert_email._smtp import ContentRefused

        if len(batch) < 2:
            return super().send_many(batch)
        try:
            letterhead, _ = self._tools()
            mail = letterhead.compose_many(batch, keys=[self.idempotency_key(each) for each in batch])
            return [self._deliver(mail, "")] * len(batch)
        except ContentRefused:
            return super().send_many(batch)
        except DeliveryError as error:
            return [error] * len(batch)

    def close(self) -> None:
        """Say goodbye to the mail server."""
        if self._made is not None:
            self._made[1].close()

    def _deliver(self, mail: bytes, earlier: str) -> Receipt:
        from alert_email._progress import Progress

        letterhead, mailer = self._tools()
        progress = Progress.read(earlier, letterhead.recipients)
        left = tuple(progress.later) if progress.begun else letterhead.recipients
        if left:
            try:
                outcome = mailer.deliver(letterhead.sender.addr_spec, left, mail)
            except DeliveryError as error:
                if not progress.begun:
                    raise
                raise progress.kept_over(error) from error
            progress = progress.after(outcome.reply, outcome.refused, outcome.later)
        return progress.judged(mailer.place)

    def _tools(self) -> tuple[Letterhead, Mailer]:
        """What is made on first use."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def _make(self) -> tuple[Letterhead, Mailer]:
        # Imported here because these modules, and what they import, are heavy.
        from alert_email._login import Login
        from alert_email._message import Letterhead
        from alert_email._smtp import Mailer

        login = Login(self.settings, reveal=self._reveal, tokens=self._tokens())
        mailer = Mailer(self.settings, login=login, reveal=self._reveal)
        return Letterhead(self.settings, socket.gethostname()), mailer

    def _tokens(self) -> Tokens | None:
        if self.settings.oauth is None:
            return None
        from alert_email._oauth import Tokens

        return Tokens(
            self.settings.oauth,
            reveal=self._reveal,
            folder=self.context.state_folder,
            wait_seconds=self.settings.wait_seconds,
        )

    def _reveal(self, secret: Secret) -> str:
        try:
            return self.context.reveal(secret)
        except SecretError as error:
            raise DeliveryError(str(error)) from error


@hookimpl
def alert_register_actions() -> list[type[EmailAction]]:
    """Offer the type."""
    return [EmailAction]
