"""The tables inside a web action's settings: its proxy, its signature."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from alert_core import Secret, Settings

__all__ = ["Proxy", "Signature", "header_name", "host_name"]

_HOST = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]+"
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110: the name of a header
_OURS = {
    "authorization", "connection", "content-length", "expect", "host", "idempotency-key", "proxy-authorization",
    "proxy-connection", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip


def host_name(host: str) -> str:
    """Return what may be the name or address of a server, the latter in brackets or not.

    Raises:
        ValueError: It cannot be looked up.
    """
    if not re.fullmatch(_HOST, host) or not all(0 < len(label) < 64 for label in host.rstrip(".").split(".")):
        raise ValueError(f"{host!r} is no name and no address of a server")
    return host


def header_name(name: str) -> str:
    """Return what may be the name of a header that an administrator adds.

    Raises:
        ValueError: It is none, or it belongs to the protocol.
    """
    if not re.fullmatch(_NAME, name):
        raise ValueError(f"{name!r} is not the name of a header")
    if name.lower() in _OURS:
        raise ValueError(f"{name} is set by alert itself")
    return name


class Proxy(Settings):
    """A proxy through which all requests go."""

    host: Annotated[str, AfterValidator(host_name)] = Field(title="Host", description="Name or address of the proxy.")
    port: int = Field(title="Port", description="TCP port of the proxy; often 3128 or 8080.", ge=1, le=65535)
    protocol: Literal["http", "https"] = Field(
        "http", title="Protocol", description="How to speak to the proxy itself: https is encrypted, http is not."
    )
    user: str = Field("", title="User name", description="Account on the proxy. Blank: it asks for none.")
    password: Secret | None = Field(None, title="Password", description="Password of the account on the proxy.")
    auth: Literal["basic", "digest"] = Field(
        "basic", title="Authentication", description="How the password is shown: basic as it is, digest only as a proof."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.user) != bool(self.password):
            raise ValueError("user and password of a proxy belong together; set both or none")
        return self


class Signature(Settings):
    """A signature by which the receiver knows that a request is genuine and fresh."""

    secret: Secret = Field(title="Secret", description="What both ends know; the key of HMAC-SHA-256.")
    header: Annotated[str, AfterValidator(header_name)] = Field(
        "X-Alert-Signature",
        title="Header",
        description="The header that carries the signature, as sha256=<hexadecimal digits>.",
    )
    timestamp_header: Annotated[str, AfterValidator(header_name)] = Field(
        "X-Alert-Timestamp", title="Header of the time", description="The header that carries the time of signing, in seconds."
    )
