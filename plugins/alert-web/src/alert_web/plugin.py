"""The action type `web`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, DeliveryError, Notification, Receipt, Secret, SecretError, Strength, hookimpl
from alert_web.settings import WebSettings

if TYPE_CHECKING:
    from requests.auth import AuthBase

    from alert_web._http import Client


class WebAction(Action[WebSettings]):
    """Send a web request, with the whole notification as JSON or just to a URL.

    Any answer from 200 to 299 means that the server has taken it. Redirects are not followed.
    """

    name = "web"
    label = "Web request"
    instructions: ClassVar[str] = (
        "A web server must be reachable from this computer, answer the configured URL and method, and take the configured "
        "authentication. It should answer with a status from 200 to 299 once it has the notification, and recognise a "
        "repeated one by its Idempotency-Key header."
    )

    _client: Client | None = None

    def send(self, notification: Notification) -> Receipt:
        """Send the request; the receipt holds the server's status."""
        from alert_web._body import encode
        from alert_web._template import fill

        settings = self.settings
        carries = settings.method != "GET" and settings.body == "json"
        headers = {"Content-Type": b"application/json"} if carries else {}
        headers |= {name: self._reveal(value).encode() for name, value in settings.headers.items()}
        headers["Idempotency-Key"] = self.idempotency_key(notification).encode()
        status = self._connection().send(
            fill(settings.address, notification),
            body=encode(notification) if carries else None,
            headers=headers,
            auth=self._auth(),
        )
        return Receipt(Strength.ACCEPTED, remote_id=status)

    def close(self) -> None:
        """Give the connection up."""
        if self._client is not None:
            self._client.close()

    def _connection(self) -> Client:
        from alert_web._http import Client

        if self._client is None:
            self._client = Client(self.settings)
        return self._client

    def _auth(self) -> AuthBase | None:
        from alert_web._http import credentials

        settings = self.settings
        secret = settings.token if settings.auth == "bearer" else settings.password
        return credentials(settings.auth, user=settings.user, secret=self._reveal(secret)) if secret else None

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
