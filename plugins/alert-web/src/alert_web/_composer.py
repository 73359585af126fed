"""Notifications put into the form of a request."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from requests.structures import CaseInsensitiveDict

from alert_core import DeliveryError, Notification, Secret
from alert_core.templates import Template, TemplateFault
from alert_web._content import Content, media_type
from alert_web._urls import UrlTemplate
from alert_web.settings import WebSettings
from alert_web.tables import Signature

__all__ = ["Composer", "Outgoing", "wire_text"]

_VALUE_CHARACTERS = 500


def wire_text(text: str) -> str:
    """Text as the library wants it in a header, so that the bytes on the wire are UTF-8."""
    return text.encode("utf-8", "replace").decode("latin-1")


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A request that is ready but for its credentials.

    Attributes:
        url: Where to.
        headers: In the form of `wire_text`.
        body: `None` for no body.
        remarks: What was done differently from the settings, for the receipt.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes | None
    remarks: str = ""


class Composer:
    """Makes requests from notifications; templates are read once.

    Args:
        settings: The action's settings.
        reveal: Looks a secret up; returns one line.
    """

    def __init__(self, settings: WebSettings, reveal: Callable[[Secret], str]) -> None:
        self._settings, self._reveal = settings, reveal
        self._url = UrlTemplate(settings.address)
        self._headers: CaseInsensitiveDict[str] = CaseInsensitiveDict(
            {"User-Agent": "alert-web", "Accept-Encoding": "identity"}
        )
        if kind := media_type(settings):
            self._headers["Content-Type"] = kind
        self._secrets: dict[str, Secret] = {}
        self._templates: dict[str, Template] = {}
        for name, value in settings.headers.items():
            self._take_header(name, value)
        self._content = Content(settings, self._headers.get("Content-Type", ""))

    def one(self, notification: Notification, key: str) -> Outgoing:
        """The request for one notification; `key` is its idempotency key.

        Raises:
            DeliveryError: The URL's template does not work with it, or a secret cannot be looked up.
        """
        body, remark = self._content.make(notification)
        headers, left_out = self._filled_headers(notification, key)
        self._sign(headers, body)
        remarks = "; ".join(part for part in (remark, left_out) if part)
        return Outgoing(url=self._filled_url(notification), headers=headers, body=body, remarks=remarks)

    def many(self, batch: Sequence[Notification], keys: Sequence[str]) -> Outgoing:
        """One request for several notifications; its key is derived from theirs."""
        made = [self._content.make(notification) for notification in batch]
        body = self._content.join([each or b"" for each, _ in made])
        headers, _ = self._filled_headers(batch[0], hashlib.sha256("/".join(keys).encode()).hexdigest()[:32])
        self._sign(headers, body)
        remarks = dict.fromkeys(remark for _, remark in made if remark)
        return Outgoing(url=self._settings.address, headers=headers, body=body, remarks="; ".join(remarks))

    def _take_header(self, name: str, value: Secret) -> None:
        if not isinstance(value.reference, str):
            self._secrets[name] = value
        elif "{" in value.reference:
            self._templates[name] = Template(value.reference, escape=_one_line)
        else:
            self._headers[name] = wire_text(value.reference)

    def _filled_url(self, notification: Notification) -> str:
        try:
            return self._url.fill(notification)
        except TemplateFault as fault:
            raise DeliveryError(f"the url cannot be made for this notification: {fault}", retryable=False) from fault

    def _filled_headers(self, notification: Notification, key: str) -> tuple[CaseInsensitiveDict[str], str]:
        headers, left_out = self._headers.copy(), []
        for name, secret in self._secrets.items():
            headers[name] = wire_text(self._reveal(secret))
        for name, template in self._templates.items():
            try:
                headers[name] = wire_text(template.fill(notification).strip())
            except TemplateFault:
                left_out.append(f"header {name} left out: its template fails")
        headers["Idempotency-Key"] = key
        return headers, "; ".join(left_out)

    def _sign(self, headers: CaseInsensitiveDict[str], body: bytes | None) -> None:
        signature = self._settings.signature
        if signature is not None:
            headers.update(_signed(signature, self._reveal(signature.secret), body or b""))


def _signed(signature: Signature, secret: str, body: bytes) -> dict[str, str]:
    moment = str(int(time.time()))
    proof = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {signature.timestamp_header: moment, signature.header: f"sha256={proof}"}


def _one_line(value: str) -> str:
    return "".join(c if c.isprintable() else " " for c in value[:_VALUE_CHARACTERS])
