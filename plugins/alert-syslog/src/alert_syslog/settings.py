"""What an administrator says about a syslog server."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from alert_core import Settings
from alert_core.tls import ClientTls

__all__ = ["SyslogSettings"]

_Name = Literal[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
    "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip
_NAMES: tuple[str, ...] = get_args(_Name)
_PORTS = {"udp": 514, "tcp": 514, "tls": 6514}


def _named(value: object) -> object:
    """Take a facility's number, also as text, and names in any case."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() else value.lower()
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(_NAMES):
        return _NAMES[value]
    return value


_Facility = Annotated[_Name, BeforeValidator(_named, json_schema_input_type=_Name | Annotated[int, Field(ge=0, le=23)])]


class SyslogSettings(Settings):
    """The options of one syslog action."""

    server: str = Field(title="Server", description="Name or address of the syslog server.", min_length=1)
    port: int | None = Field(
        None, title="Port", description="Where the server listens. Blank: 514, and 6514 for TLS.", ge=1, le=65535
    )
    transport: Literal["udp", "tcp", "tls"] = Field(
        "udp",
        title="Transport",
        description="udp: nobody says whether it arrived. tcp: the server is there, at least. tls: TCP, encrypted.",
    )
    tls: ClientTls | None = Field(
        None, title="TLS", description="For TLS: whom to trust, and the certificate of this end if the server asks for one."
    )
    framing: Literal["octet-counting", "newline"] = Field(
        "octet-counting",
        title="Framing",
        description="How messages are told apart in a TCP or TLS connection: by their length, or by line ends.",
    )
    format: Literal["rfc5424", "rfc3164"] = Field(
        "rfc5424",
        title="Format",
        description="rfc5424: with a full time stamp and the notification's fields as structured data. rfc3164: the old BSD "
        "form.",
    )
    body: Literal["text", "cef", "leef", "json"] = Field(
        "text",
        title="Body",
        description="text: subject and text, for people. cef, leef and json: the whole notification, for programs.",
    )
    cef_version: Literal[0, 1] = Field(
        0, title="CEF version", description="For cef: 0 is read everywhere; 1 gives IPv6 addresses the usual names."
    )
    multi_line: bool = Field(
        True,
        title="Multi-line text",
        description="Keep the lines of a text where octet counting can carry them. Off: show line feeds as ␊, as elsewhere.",
    )
    structured_data: bool = Field(
        True,
        title="Structured data",
        description="Send the notification's fields as well (rfc5424 only); with a body that has them, just its ids.",
    )
    bom: bool = Field(
        True,
        title="Byte order mark",
        description="Announce text outside ASCII as UTF-8, as RFC 5424 asks for (body text only). Off: for servers that show "
        "the mark as rubbish.",
    )
    facility: _Facility = Field(
        "local0", title="Facility", description="Under which facility the server files the message; a name, or 0 to 23."
    )
    hostname: str = Field(
        "",
        title="Host name",
        description="Name of the sender in the message. Blank: this computer's.",
        pattern=r"^[!-~]*$",
        max_length=255,
    )
    app_name: str = Field(
        "alert", title="Program name", description="Name of the program in the message.", pattern=r"^[A-Za-z0-9_./-]{1,32}$"
    )
    max_bytes: int = Field(
        2048,
        title="Longest message (bytes)",
        description="In longer ones the longest values are cut and end in ...[cut]. Every RFC 5424 server should take 2048.",
        ge=1024,
        le=65507,
    )
    on_close: bool = Field(False, title="On close", description="Send another message when the condition or response closes.")
    wait_seconds: float = Field(
        10.0,
        title="Wait (seconds)",
        description="How long to wait for the server to take a connection or a message.",
        gt=0,
        le=300,
    )

    @model_validator(mode="after")
    def _tls_is_used(self) -> Self:
        if self.tls is not None and self.transport != "tls":
            raise ValueError('tls has a meaning only with transport = "tls"')
        return self

    @property
    def effective_port(self) -> int:
        """The port, or the usual one of the transport."""
        return self.port or _PORTS[self.transport]

    @property
    def facility_number(self) -> int:
        """The facility as RFC 5424 numbers it."""
        return _NAMES.index(self.facility)

    @property
    def keeps_lines(self) -> bool:
        """Whether line feeds of a text travel as they are."""
        return self.multi_line and self.transport != "udp" and self.framing == "octet-counting"
