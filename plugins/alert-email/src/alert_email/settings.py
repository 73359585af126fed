"""What an administrator says about a mail server and the people to be told."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alert_core import Secret, Settings

__all__ = ["EmailSettings", "parse_address"]

_PORTS = {"none": 25, "starttls": 587, "starttls-if-offered": 25, "tls": 465}
_PIECE = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^,"])+')  # a comma inside quotes separates nothing


def parse_address(text: str) -> Address:
    """Read `ann@example.com` or `Ann <ann@example.com>`; a domain outside ASCII becomes its IDNA form.

    Raises:
        ValueError: It is not one address that today's mail servers take.
    """
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    try:
        if text.isprintable() and local.isascii() and domain:
            return Address(display_name=name, addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, MessageError):
        pass  # told below in words that fit every case
    raise ValueError(f"{text!r} is not an address such as ann@example.com or Ann <ann@example.com>")


def _checked(text: str) -> str:
    parse_address(text)
    return text


def _checked_or_blank(text: str) -> str:
    return _checked(text) if text else text


def _split(value: object) -> object:
    """Take comma-separated addresses as well as a list."""
    items = value if isinstance(value, list | tuple) else [value]
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) < len(items):
        return value
    return tuple(piece.strip() for text in texts for piece in _PIECE.findall(text) if piece.strip())


_Address = Annotated[str, AfterValidator(_checked_or_blank)]
_Addresses = Annotated[tuple[Annotated[str, AfterValidator(_checked)], ...], BeforeValidator(_split)]


class EmailSettings(Settings):
    """The options of one e-mail action."""

    server: str = Field(
        title="Mail server", description="Name or address of the SMTP server that takes the mail.", min_length=1
    )
    port: int | None = Field(
        None,
        title="Port",
        description="Blank: 587 with STARTTLS, 465 with TLS, else 25.",
        ge=1,
        le=65535,
    )
    security: Literal["none", "starttls", "starttls-if-offered", "tls"] = Field(
        "starttls",
        title="Encryption",
        description="starttls: encrypted after a greeting, certificate checked. tls: encrypted from the start, certificate "
        "checked. starttls-if-offered: encrypted when the server can, certificate not checked. none: clear text.",
    )
    ca_file: Path | None = Field(
        None, title="CA file", description="PEM file of the authorities to trust. Blank: those of this computer."
    )
    user: str = Field("", title="User name", description="Account on the mail server, usually of the form user@domain.")
    password: Secret | None = Field(None, title="Password", description="Blank: send without logging in.")
    sender: _Address = Field(
        "",
        title="From",
        description="Sender's address. Blank: the user name if it is user@domain, else SYSTEM@<name of this computer>.",
    )
    reply_to: _Address = Field("", title="Reply-To", description="Where answers go. Blank: to the sender.")
    to: _Addresses = Field((), title="To", description="Recipients; a list, or one text with commas.")
    cc: _Addresses = Field((), title="Cc", description="Recipients of a copy; a list, or one text with commas.")
    bcc: _Addresses = Field((), title="Bcc", description="Recipients whom the others do not see.")
    wait_seconds: float = Field(
        10.0, title="Wait (seconds)", description="How long to wait for each answer of the server.", gt=0, le=300
    )

    @property
    def effective_port(self) -> int:
        """The port to connect to: the one that is set, else the usual one for the chosen encryption."""
        return self.port or _PORTS[self.security]

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody who gets the mail, once each, as bare addresses."""
        return tuple(dict.fromkeys(parse_address(text).addr_spec for text in (*self.to, *self.cc, *self.bcc)))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not (self.to or self.cc or self.bcc):
            raise ValueError("no recipient; set to, cc or bcc")
        if self.password and not self.user:
            raise ValueError("a password needs a user; set user as well")
        if self.password and self.security == "starttls-if-offered":
            raise ValueError('a password must not depend on what the server offers; set security to "starttls" or "tls"')
        return self
