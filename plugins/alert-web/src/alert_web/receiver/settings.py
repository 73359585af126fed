"""What an administrator says about receiving web requests."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from alert_core import Secret, Settings
from alert_core.tls import ServerTls
from alert_web.tables import Signature, header_name

__all__ = ["ReceivedSignature", "WebSourceSettings"]

BEARER = "Authorization"
"""The header whose value begins with `Bearer`; in any other the token stands alone."""


def _address(text: str) -> str:
    return str(ip_address(text.strip().removeprefix("[").removesuffix("]"))) if text else ""


def _network(text: str) -> str:
    ip_network(text)
    return text


def _path(text: str) -> str:
    if not text.startswith("/") or not text.isprintable() or set(text) & set(" ?#%"):
        raise ValueError("must begin with a slash and be written without escapes, query or blanks")
    return text


def _token_header(name: str) -> str:
    return BEARER if name.lower() == BEARER.lower() else header_name(name)


class ReceivedSignature(Signature):
    """The signature that requests must have, as the action `web` makes it."""

    window_seconds: int = Field(
        300,
        title="Window (seconds)",
        description="How far the time of signing may be from now. Within it, the same signature is taken only once.",
        ge=1,
        le=86400,
    )


class WebSourceSettings(Settings):
    """The options of one web source."""

    address: Annotated[str, AfterValidator(_address)] = Field(
        "127.0.0.1",
        title="Address",
        description="The IPv4 or IPv6 address to listen at. Blank: all addresses of this computer, of both kinds.",
    )
    port: int = Field(8080, title="Port", description="TCP port to listen at.", ge=1, le=65535)
    path: Annotated[str, AfterValidator(_path)] = Field(
        "/events", title="Path", description="The path that requests must name; a query behind it does not matter."
    )
    token: Secret | None = Field(
        None, title="Token", description="What senders must show in the header below. Blank: no token is asked for."
    )
    token_header: Annotated[str, AfterValidator(_token_header)] = Field(
        BEARER,
        title="Header of the token",
        description="Authorization: the token stands behind the word Bearer. Any other header: the token stands alone.",
    )
    signature: ReceivedSignature | None = Field(
        None, title="Signature", description="The signature that requests must have. Blank: none is asked for."
    )
    tls: ServerTls | None = Field(
        None, title="TLS", description="The certificate of this end, and which clients may send. Blank: no encryption."
    )
    allow_networks: list[Annotated[str, AfterValidator(_network)]] = Field(
        default_factory=list,
        title="Allowed networks",
        description="Networks such as 192.0.2.0/24 from which requests are taken. Blank: all.",
    )
    max_body_bytes: int = Field(
        8 * 1024 * 1024,
        title="Longest body (bytes)",
        description="How much a request may carry, after it was decompressed.",
        ge=1024,
        le=64 * 1024 * 1024,
    )
    max_records: int = Field(
        10_000, title="Most records", description="How many records a request may carry.", ge=1, le=100_000
    )
    max_connections: int = Field(
        1000,
        title="Most connections",
        description="When there would be more, the one that has been silent for longest is given up.",
        ge=1,
        le=65536,
    )
    requests_per_minute: int = Field(
        0, title="Requests per minute", description="How many requests each address may make. 0: any number.", ge=0
    )
    wait_seconds: float = Field(
        30.0, title="Wait (seconds)", description="How long a request may take to arrive, from its first byte to its last.",
        gt=0, le=3600,
    )  # fmt: skip
    remember_hours: float = Field(
        24.0,
        title="Remember (hours)",
        description="How long a request, alert or notification is remembered, so that it does not count again when it is "
        "repeated. 0: everything counts.",
        ge=0,
        le=8760,
    )

    @property
    def authenticated(self) -> bool:
        """Whether senders must show who they are."""
        return bool(self.token or self.signature or (self.tls and self.tls.client_ca_file))

    @property
    def local(self) -> bool:
        """Whether only programs of this computer can send."""
        return bool(self.address) and ip_address(self.address).is_loopback

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.token_header != BEARER and not self.token:
            raise ValueError("token_header has a meaning only with a token")
        if self.signature and self.token and self.token_header.lower() in (
            self.signature.header.lower(), self.signature.timestamp_header.lower(),
        ):  # fmt: skip
            raise ValueError("the token and the signature need headers of their own")
        return self
