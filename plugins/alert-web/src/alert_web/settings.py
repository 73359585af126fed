"""What an administrator says about a web server."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from alert_core import Secret, Settings
from alert_core.templates import check_template
from alert_core.tls import ClientTls
from alert_web._urls import absolute_path, complete_url
from alert_web.tables import Proxy, Signature, header_name, host_name

__all__ = ["WebSettings"]


def _headers(headers: dict[str, Secret]) -> dict[str, Secret]:
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("one header stands there twice")
    for name, value in headers.items():
        header_name(name)
        if isinstance(value.reference, str):
            if not value.reference.isprintable():
                raise ValueError(f"the value of {name} holds a line end or another control character")
            check_template(value.reference)
    return headers


def _server(server: str) -> str:
    return host_name(server) if server else ""


def _network(text: str) -> str:
    ip_network(text)
    return text


TemplateText = Annotated[str, AfterValidator(check_template)]
NetworkText = Annotated[str, AfterValidator(_network)]


class WebSettings(Settings):
    """The options of one web action."""

    url: Annotated[str, AfterValidator(complete_url)] = Field(
        "",
        title="URL",
        description="The complete URL, unless a server is given. {{ id }}, {{ severity }}, {{ event.computer }} and the like, "
        "after the server's name, stand for the notification's fields and are percent-encoded.",
    )
    server: Annotated[str, AfterValidator(_server)] = Field(
        "", title="Server", description="Name or address of the web server, in place of a URL."
    )
    port: int | None = Field(
        None, title="Port", description="TCP port of the server. Blank: the usual one of the protocol.", ge=1, le=65535
    )
    protocol: Literal["https", "http"] = Field("https", title="Protocol", description="https is encrypted, http is not.")
    path: Annotated[str, AfterValidator(absolute_path)] = Field(
        "/", title="Path", description="What to ask the server for, with a query if need be; placeholders as in the URL."
    )
    method: Literal["GET", "POST", "PUT", "PATCH"] = Field(
        "POST", title="Method", description="GET only knocks, unless the URL has placeholders; the others carry a body."
    )
    headers: Annotated[dict[str, Secret], AfterValidator(_headers)] = Field(
        default_factory=dict,
        title="Headers",
        description="More headers; each value is a text with placeholders, or a reference to a secret such as a key.",
    )
    body: Literal["json", "form", "text", "none"] = Field(
        "json", title="Body", description="What is sent: a JSON object, fields as of a web form, a text, or nothing."
    )
    fields: dict[str, TemplateText] = Field(
        default_factory=dict,
        title="Fields",
        description="Name and template of each field, for JSON and forms. Blank: the whole notification in JSON, the usual "
        "fields in a form.",
    )
    text: TemplateText = Field(
        "", title="Text", description='Template of the text, for the body "text". Blank: subject and body of the notification.'
    )
    auth: Literal["none", "basic", "digest", "bearer"] = Field(
        "none",
        title="Authentication",
        description="basic and digest: with user and password. bearer: with a token.",
    )
    user: str = Field("", title="User name", description="For basic and digest authentication.")
    password: Secret | None = Field(None, title="Password", description="For basic and digest authentication.")
    token: Secret | None = Field(None, title="Token", description="For bearer authentication.")
    tls: ClientTls = Field(
        default_factory=ClientTls, title="TLS", description="Whom to trust, and how to show who this end is."
    )
    signature: Signature | None = Field(
        None, title="Signature", description="Signs each body, so that the receiver knows that it is genuine."
    )
    proxy: Proxy | None = Field(None, title="Proxy", description="The proxy that requests go through. Blank: none.")
    proxy_from_environment: bool = Field(
        False,
        title="Proxy of the environment",
        description="Use the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, as other programs do.",
    )
    allow_networks: list[NetworkText] = Field(
        default_factory=list,
        title="Allowed networks",
        description="Networks such as 192.0.2.0/24 in which the server must be. Blank: all.",
    )
    deny_networks: list[NetworkText] = Field(
        default_factory=list,
        title="Denied networks",
        description="Networks in which the server must not be, whatever name leads there; they win over the allowed ones.",
    )
    follow_redirects: bool = Field(
        False, title="Follow redirects", description="Go where the server points to, at most five times, without credentials."
    )
    batch: bool = Field(
        False, title="Several at once", description="Send what waits together in one request, a list in JSON even for one."
    )
    batch_format: Literal["json", "ndjson"] = Field(
        "json", title="Form of several", description="json: an array. ndjson: a line for each."
    )
    on_close: bool = Field(
        False, title="Send when it closes", description="Whether to tell as well that a condition or response has closed."
    )
    wait_seconds: float = Field(
        10.0, title="Wait (seconds)", description="How long a request may take, from connecting to the end of the answer.",
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

    @property
    def encrypted(self) -> bool:
        """Whether requests go over TLS."""
        return urlsplit(self.address).scheme == "https"

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.url and not self.server:
            raise ValueError("nowhere to send to; set a complete url, or a server")
        if self.url and (self.server or self.port or self.path != "/"):
            raise ValueError("a url says it all; leave out server, port and path, or the url")
        if self.proxy is not None and self.proxy_from_environment:
            raise ValueError("there is one proxy; leave out proxy, or proxy_from_environment")
        return self

    @model_validator(mode="after")
    def _knows_who_asks(self) -> Self:
        if (self.auth in ("basic", "digest")) != bool(self.user and self.password):
            raise ValueError('user and password belong to auth "basic" or "digest", which needs both')
        if self.auth == "basic" and ":" in self.user:
            raise ValueError("a user name with a colon cannot be sent with basic authentication")
        if (self.auth == "bearer") != bool(self.token):
            raise ValueError('a token belongs to auth "bearer", which needs one')
        if self.signature and self._own_names & {self.signature.header.lower(), self.signature.timestamp_header.lower()}:
            raise ValueError("a header of the signature stands among the headers, too")
        return self

    @model_validator(mode="after")
    def _carries_what_is_written(self) -> Self:
        if self.fields and (self.method == "GET" or self.body not in ("json", "form")):
            raise ValueError('fields belong to the bodies "json" and "form"; GET has no body')
        if self.text and (self.method == "GET" or self.body != "text"):
            raise ValueError('text belongs to the body "text"; GET has no body')
        if self.batch and (self.method == "GET" or self.body != "json"):
            raise ValueError('batch belongs to the body "json"; GET has no body')
        if self.batch and "{" in self.address + "".join(self._header_texts):
            raise ValueError("a batch has one URL and one set of headers; leave placeholders out of them")
        return self

    @property
    def _own_names(self) -> set[str]:
        return {name.lower() for name in self.headers}

    @property
    def _header_texts(self) -> list[str]:
        return [value.reference for value in self.headers.values() if isinstance(value.reference, str)]
