"""What an administrator says about receiving syslog messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from alert_core import Settings
from alert_core.tls import ServerTls

__all__ = ["Place", "SyslogSourceSettings"]

Transport = Literal["udp", "tcp", "tls"]

_PLACE = r"(udp|tcp|tls):(?:(\[[0-9A-Fa-f:.]+(?:%[^\]]+)?\]|[^:\[\]\s]+):)?(\d{1,5})"
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Place:
    """Where to listen, and how.

    Attributes:
        transport: `udp`, `tcp` or `tls`.
        address: Of this computer; empty: all of them, IPv4 and IPv6.
        port: The port.
    """

    transport: Transport
    address: str
    port: int

    @classmethod
    def parsed(cls, text: str) -> Place:
        """The place that a text such as `tcp:514` or `tls:[2001:db8::1]:6514` names.

        Raises:
            ValueError: It names none.
        """
        match = re.fullmatch(_PLACE, text, re.ASCII)
        if match is None or not 0 < int(match[3]) <= _HIGHEST_PORT:
            raise ValueError(
                'must be like "udp:514", "tcp:192.0.2.1:514" or "tls:[2001:db8::1]:6514": transport, address if not all, port'
            )
        transport: Transport = match[1]  # type: ignore[assignment]  # the pattern has no other
        return cls(transport, (match[2] or "").strip("[]"), int(match[3]))


def _place(text: str) -> str:
    Place.parsed(text)
    return text


class SyslogSourceSettings(Settings):
    """The options of one syslog source."""

    listen: tuple[Annotated[str, AfterValidator(_place)], ...] = Field(
        ("udp:514", "tcp:514"),
        title="Listen",
        description="Where messages are received: transport (udp, tcp or tls), an address of this computer unless all of "
        "them, and port, with colons between; IPv6 addresses in brackets.",
        examples=[["udp:514", "tcp:[::1]:514", "tls:6514"]],
        min_length=1,
    )
    tls: ServerTls | None = Field(
        None, title="TLS", description="For TLS: the certificate of this end, and which clients may send."
    )
    framing: Literal["auto", "octet-counting", "newline"] = Field(
        "auto",
        title="Framing of received messages",
        description="How messages are told apart in a TCP or TLS connection: by their lengths, or by line ends.",
    )
    max_record_bytes: int = Field(
        65536,
        title="Longest message (bytes)",
        description="Longer ones are cut and end in ...[cut].",
        ge=1024,
        le=16 * 1024 * 1024,
    )
    receive_buffer_bytes: int = Field(
        16 * 1024 * 1024,
        title="Receive buffer (bytes)",
        description="How much the kernel keeps of datagrams that come in a burst. Without the right to take more, "
        "net.core.rmem_max is the limit.",
        ge=65536,
        le=1024 * 1024 * 1024,
    )
    max_connections: int = Field(
        500,
        title="Most connections",
        description="When there would be more, the sender with the most gives up the one that was silent for longest.",
        ge=1,
        le=65536,
    )
    idle_seconds: int = Field(
        0,
        title="Close idle connections after (seconds)",
        description="How long a sender may be silent. 0: for ever; a dead one is noticed all the same.",
        ge=0,
        le=7 * 86400,
    )

    @model_validator(mode="after")
    def _tls_fits(self) -> Self:
        encrypted = any(place.transport == "tls" for place in self.places)
        if encrypted and self.tls is None:
            raise ValueError('"tls:..." in listen needs a certificate; set tls')
        if self.tls is not None and not encrypted:
            raise ValueError('tls has a meaning only with "tls:..." in listen')
        return self

    @property
    def places(self) -> list[Place]:
        """Where to listen."""
        return [Place.parsed(text) for text in self.listen]
