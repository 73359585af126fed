"""What an administrator says about a web server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from alert_core import Secret, Settings
from alert_web._template import check

__all__ = ["WebSettings"]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110: the name of a header
_OURS = {"authorization", "content-length", "host", "idempotency-key", "transfer-encoding"}


def _complete_url(url: str) -> str:
    """A URL that leads somewhere by itself, in which no event can choose the server."""
    if not url:
        return url
    if not url.isascii() or not url.isprintable() or " " in re.sub(r"\{\{[^{}]*\}\}", "", url):
        raise ValueError("must be ASCII without blanks; percent-encode other characters")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be complete, such as https://example.com/alerts; with a server, set path")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; set auth, user and password")
    if "{{" in parts.netloc:
        raise ValueError("must not have placeholders in the server's name")
    _ = parts.port  # raises ValueError for a port that is none
    check(url)
    return url


def _absolute_path(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("must begin with /")
    _complete_url(f"http://server{path}")
    return path


def _header_names(headers: dict[str, Secret]) -> dict[str, Secret]:
    for name in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header")
        if name.lower() in _OURS:
            raise ValueError(f"{name} is set by alert itself")
    return headers


class WebSettings(Settings):
    """The options of one web action."""

    url: Annotated[str, AfterValidator(_complete_url)] = Field(
        "",
        title="URL",
        description="The complete URL, unless a server is given. {{ id }}, {{ severity }}, {{ event.computer }} and the like, "
        "after the server's name, stand for the notification's fields and are percent-encoded.",
    )
    server: str = Field(
        "",
        title="Server",
        description="Name or address of the web server, in place of a URL.",
        pattern=r"^([A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?)?$",
    )
    port: int | None = Field(
        None, title="Port", description="TCP port of the server. Blank: the usual one of the protocol.", ge=1, le=65535
    )
    protocol: Literal["https", "http"] = Field("https", title="Protocol", description="https is encrypted, http is not.")
    path: Annotated[str, AfterValidator(_absolute_path)] = Field(
        "/", title="Path", description="What to ask the server for, with a query if need be; placeholders as in the URL."
    )
    method: Literal["GET", "POST", "PUT", "PATCH"] = Field(
        "POST", title="Method", description="GET only knocks, unless the URL has placeholders; the others carry a body."
    )
    body: Literal["json", "none"] = Field(
        "json", title="Body", description="json: the whole notification as a JSON object. none: no body. GET has none."
    )
    headers: Annotated[dict[str, Secret], AfterValidator(_header_names)] = Field(
        default_factory=dict,
        title="Headers",
        description="More headers; each value is a secret, so that keys of web services can stand here.",
    )
    auth: Literal["none", "basic", "digest", "bearer"] = Field(
        "none",
        title="Authentication",
        description="basic and digest: with user and password. bearer: with a token.",
    )
    user: str = Field("", title="User name", description="For basic and digest authentication.")
    password: Secret | None = Field(None, title="Password", description="For basic and digest authentication.")
    token: Secret | None = Field(None, title="Token", description="For bearer authentication.")
    ca_file: Path | None = Field(
        None, title="CA file", description="PEM file of the authorities to trust. Blank: the usual public ones."
    )
    wait_seconds: float = Field(
        10.0, title="Wait (seconds)", description="How long to wait for a connection, and for each part of the answer.",
        gt=0, le=300,
    )  # fmt: skip

    @property
    def address(self) -> str:
        """The complete URL, with its placeholders."""
        if self.url:
            return self.url
        host = f"[{self.server.strip('[]')}]" if ":" in self.server else self.server
        port = f":{self.port}" if self.port else ""
        return f"{self.protocol}://{host}{port}{self.path}"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.url and not self.server:
            raise ValueError("nowhere to send to; set a complete url, or a server")
        if self.url and (self.server or self.port or self.path != "/"):
            raise ValueError("a url says it all; leave out server, port and path, or the url")
        if (self.auth in ("basic", "digest")) != bool(self.user and self.password):
            raise ValueError('user and password belong to auth "basic" or "digest", which needs both')
        if (self.auth == "bearer") != bool(self.token):
            raise ValueError('a token belongs to auth "bearer", which needs one')
        return self
