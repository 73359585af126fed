"""The action type `web`, and what else the distribution offers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from alert_core import Action, DeliveryError, Format, Notification, Receipt, Secret, SecretError, Strength, hookimpl
from alert_web.formats import AlertmanagerFormat, FalcoFormat, NotificationFormat
from alert_web.receiver.source import WebSource
from alert_web.settings import WebSettings

if TYPE_CHECKING:
    from alert_web._client import Client
    from alert_web._composer import Composer, Outgoing


class WebAction(Action[WebSettings]):
    """Send a web request, with the whole notification as JSON, with some of its fields, or just to a URL.

    Any answer from 200 to 299 means that the server has taken it.
    """

    name = "web"
    label = "Web request"
    instructions: ClassVar[str] = (
        "A web server must be reachable from this computer, answer the configured URL and method, and take the configured "
        "authentication. It should answer with a status from 200 to 299 once it has the notification, and recognise a "
        "repeated one by its Idempotency-Key header."
    )

    _client: Client | None = None
    _composer: Composer | None = None

    @property
    def batching(self) -> bool:
        """Whether several notifications go in one request, as the settings say."""
        return self.settings.batch

    def declines(self, notification: Notification) -> str:
        """What closes, unless the settings say that it is told."""
        return "" if self.settings.on_close else super().declines(notification)

    def check(self) -> Sequence[str]:
        """What an attacker on the way could read or change."""
        settings = self.settings
        if not settings.encrypted and settings.auth in ("basic", "bearer"):
            return [f"auth {settings.auth!r} shows the secret to everyone on the way; use https"]
        return []

    def send(self, notification: Notification) -> Receipt:
        """Send the request; the receipt holds the server's status."""
        if self.settings.batch:
            return self._send_batch([notification])
        return self._send(self._composing().one(notification, self.idempotency_key(notification)))

    def send_many(self, batch: Sequence[Notification]) -> Sequence[Receipt | DeliveryError]:
        """Send one request for all; if the server will have none of it, one for each."""
        from alert_web._answers import Refusal

        if not self.settings.batch:
            return super().send_many(batch)
        try:
            return [self._send_batch(batch)] * len(batch)
        except DeliveryError as error:
            if len(batch) > 1 and isinstance(error, Refusal) and error.about_content:
                return list(self._one_by_one(batch))
            return [error] * len(batch)

    def close(self) -> None:
        """Give the connection up."""
        if self._client is not None:
            self._client.close()

    def _one_by_one(self, batch: Sequence[Notification]) -> Iterator[Receipt | DeliveryError]:
        down: DeliveryError | None = None
        end = time.monotonic() + self.settings.wait_seconds
        for notification in batch:
            if down is None and time.monotonic() > end:
                down = DeliveryError("the server took the time that there was for others of the batch")
            if down is not None:
                yield down
                continue
            try:
                yield self._send_batch([notification])
            except DeliveryError as error:
                # Once the server cannot be used, waiting for it again with each one helps nobody.
                down = error if error.retryable else None
                yield error

    def _send_batch(self, batch: Sequence[Notification]) -> Receipt:
        return self._send(self._composing().many(batch, [self.idempotency_key(each) for each in batch]))

    def _send(self, outgoing: Outgoing) -> Receipt:
        return Receipt(Strength.ACCEPTED, remote_id=self._connection().send(outgoing), detail=outgoing.remarks)

    def _composing(self) -> Composer:
        from alert_web._composer import Composer

        if self._composer is None:
            self._composer = Composer(self.settings, self._reveal)
        return self._composer

    def _connection(self) -> Client:
        from alert_web._client import Client

        if self._client is None:
            self._client = Client(self.settings, self._reveal)
        return self._client

    def _reveal(self, secret: Secret) -> str:
        """The value, fit for a header."""
        try:
            value = self.context.reveal(secret)
        except SecretError as error:
            raise DeliveryError(str(error)) from error
        if not value.isprintable():
            raise DeliveryError("a secret for a header holds a line end or another control character", retryable=False)
        return value


@hookimpl
def alert_register_actions() -> list[type[WebAction]]:
    """Offer the type."""
    return [WebAction]


@hookimpl
def alert_register_sources() -> list[type[WebSource]]:
    """Offer the receiver."""
    return [WebSource]


@hookimpl
def alert_register_formats() -> list[type[Format[Any]]]:
    """Offer what the receiver's senders write."""
    return [AlertmanagerFormat, FalcoFormat, NotificationFormat]
