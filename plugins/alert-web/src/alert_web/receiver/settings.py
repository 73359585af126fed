"""What an administrator says about receiving web requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from alert_core import Secret, Settings
from alert_core.tls import ServerTls
from alert_web.tables import Signature, header_name

__all__ = ["Place", "ReceivedSignature", "WebSourceSettings"]

BEARER = "Authorization"
"""The header whose value begins with `Bearer`; in any other the token stands alone."""

_PLACE = r"(https?):(?:\[([0-9A-Fa-f:.]+)\]:|([0-9.]+):)?(\d{1,5})"
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Place:
    """Where to listen, and how.

    Attributes:
        encrypted: Whether with TLS.
        address: Of this computer; empty: all of them, IPv4 and IPv6.
        port: The port.
    """

    encrypted: bool
    address: str
    port: int

    @classmethod
    def parsed(cls, text: str) -> Place:
        """The place that a text such as `http:127.0.0.1:8080` or `https:8443` names.

        Raises:
            ValueError: It names none.
        """
        match = re.fullmatch(_PLACE, text, re.ASCII)
        if match is None or not 0 < int(match[4]) <= _HIGHEST_PORT:
            raise ValueError(
                'must be like "https:8443", "http:127.0.0.1:8080" or "https:[2001:db8::1]:8443": http or https, IP address '
                "if not all, port"
            )
        address = match[2] or match[3] or ""
        return cls(match[1] == "https", str(ip_address(address)) if address else "", int(match[4]))

    @property
    def local(self) -> bool:
        """Whether only programs of this computer come there."""
        return bool(self.address) and ip_address(self.address).is_loopback


def _place(text: str) -> str:
    Place.parsed(text)
    return text


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

    listen: tuple[Annotated[str, AfterValidator(_place)], ...] = Field(
        ("http:127.0.0.1:8080",),
        title="Listen",
        description="Where requests are received: http or https, an IP address of this computer unless all of them, and port, "
        "with colons between; IPv6 addresses in brackets.",
        examples=[["https:8443", "http:[::1]:8080"]],
        min_length=1,
    )
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
        None, title="TLS", description="For https: the certificate of this end, and which clients may send."
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
    def open_to_all(self) -> bool:
        """Whether somebody elsewhere can send without showing who it is."""
        if self.token or self.signature or self.allow_networks:
            return False
        known = self.tls is not None and self.tls.client_ca_file is not None
        return not all(place.local or (place.encrypted and known) for place in self.places)

    @property
    def places(self) -> list[Place]:
        """Where to listen."""
        return [Place.parsed(text) for text in self.listen]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        encrypted = any(place.encrypted for place in self.places)
        if encrypted and self.tls is None:
            raise ValueError('"https:..." in listen needs a certificate; set tls')
        if self.tls is not None and not encrypted:
            raise ValueError('tls has a meaning only with "https:..." in listen')
        if self.token_header != BEARER and not self.token:
            raise ValueError("token_header has a meaning only with a token")
        if self.signature and self.token and self.token_header.lower() in (
            self.signature.header.lower(), self.signature.timestamp_header.lower(),
        ):  # fmt: skip
            raise ValueError("the token and the signature need headers of their own")
        return self
