"""What an administrator says about a mail server and the people to be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alert_core import Secret, Settings
from alert_core.tls import ClientTls
from alert_email._address import parse_address, split_addresses

__all__ = ["EmailSettings", "OAuthSettings"]

_PORTS = {"none": 25, "starttls": 587, "starttls-if-offered": 25, "tls": 465}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _checked(text: str) -> str:
    parse_address(text)
    return text


def _checked_or_blank(text: str) -> str:
    return _checked(text) if text else text


def _safe_url(text: str) -> str:
    url = urlsplit(text)
    if text and not (url.hostname and (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK))):
        raise ValueError("must be a complete https:// address; secrets travel to it")
    return text


_Address = Annotated[str, AfterValidator(_checked_or_blank)]
_Addresses = Annotated[tuple[Annotated[str, AfterValidator(_checked)], ...], BeforeValidator(split_addresses)]


class OAuthSettings(Settings):
    """How to get the access token with which to log in; either the token itself or where to fetch one."""

    access_token: Secret | None = Field(
        None,
        title="Access token",
        description="A token that is kept fresh by somebody else. Blank: fetch it from the token URL.",
    )
    token_url: Annotated[str, AfterValidator(_safe_url)] = Field(
        "", title="Token URL", description="Where access tokens are fetched, https only."
    )
    client_id: str = Field("", title="Client ID", description="Under which this sender is registered there.")
    client_secret: Secret | None = Field(None, title="Client secret", description="Blank: the registration has none.")
    grant: Literal["refresh_token", "client_credentials"] = Field(
        "refresh_token",
        title="Grant",
        description="refresh_token: in the name of a person who agreed. client_credentials: in the sender's own name.",
    )
    refresh_token: Secret | None = Field(
        None, title="Refresh token", description="What the person who agreed was given; needed for the grant of that name."
    )
    scope: str = Field("", title="Scope", description="What to ask for. Blank: what the registration says.")
    ca_file: Path | None = Field(
        None,
        title="CA file",
        description="PEM file of the authorities to trust at the token URL. Blank: those of this computer.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.access_token:
            if self.token_url or self.refresh_token or self.client_secret:
                raise ValueError("set either access_token or what is needed to fetch one, not both")
        elif not (self.token_url and self.client_id):
            raise ValueError("set access_token, or token_url and client_id")
        elif self.grant == "refresh_token" and not self.refresh_token:
            raise ValueError('set refresh_token, or grant to "client_credentials"')
        elif self.grant == "client_credentials" and not self.client_secret:
            raise ValueError('the grant "client_credentials" needs client_secret')
        return self


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
    tls: ClientTls = Field(
        default_factory=ClientTls,
        title="TLS",
        description="Whom to trust when the connection is encrypted, and the own certificate.",
    )
    auth: Literal["auto", "plain", "login", "cram-md5", "oauthbearer", "xoauth2"] = Field(
        "auto", title="Log in by", description="auto: the best way that the server offers and that fits the password or token."
    )
    user: str = Field("", title="User name", description="Account on the mail server, usually of the form user@domain.")
    password: Secret | None = Field(None, title="Password", description="Blank: log in with a token, or not at all.")
    oauth: OAuthSettings | None = Field(
        None, title="OAuth", description="Log in with an access token instead of a password, as large providers demand."
    )
    sender: _Address = Field(
        "",
        title="From",
        description="Sender's address. Blank: the user name if it is user@domain, else SYSTEM@<name of this computer>.",
    )
    reply_to: _Address = Field("", title="Reply-To", description="Where answers go. Blank: to the sender.")
    to: _Addresses = Field((), title="To", description="Recipients; a list, or one text with commas.")
    cc: _Addresses = Field((), title="Cc", description="Recipients of a copy; a list, or one text with commas.")
    bcc: _Addresses = Field((), title="Bcc", description="Recipients whom the others do not see.")
    on_close: bool = Field(
        False, title="Tell when it closes", description="Send a mail as well when the condition or response closes."
    )
    digest: bool = Field(
        False,
        title="Digest",
        description="Put the notifications that wait at the same time into one mail, with a list of contents.",
    )
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
        return self

    @model_validator(mode="after")
    def _fitting_login(self) -> Self:
        if self.password and self.oauth:
            raise ValueError("set either password or oauth, not both")
        if (self.password or self.oauth) and not self.user:
            raise ValueError(f"{'a password' if self.password else 'oauth'} needs a user; set user as well")
        if self.password and self.security == "starttls-if-offered":
            raise ValueError('a password must not depend on what the server offers; set security to "starttls" or "tls"')
        if self.oauth and self.security not in ("starttls", "tls"):
            raise ValueError('a token needs a connection that is encrypted and checked; set security to "starttls" or "tls"')
        if self.auth in ("plain", "login", "cram-md5") and not self.password:
            raise ValueError(f'auth = "{self.auth}" needs a password')
        if self.auth in ("oauthbearer", "xoauth2") and not self.oauth:
            raise ValueError(f'auth = "{self.auth}" needs oauth')
        return self
