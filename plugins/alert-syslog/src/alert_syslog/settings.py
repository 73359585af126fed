"""What an administrator says about a syslog server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from alert_core import Settings

__all__ = ["SyslogSettings"]

_Name = Literal[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
    "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip
_NAMES: tuple[str, ...] = get_args(_Name)


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
    port: int = Field(514, title="Port", description="Where the server listens; for TLS usually 6514.", ge=1, le=65535)
    transport: Literal["udp", "tcp", "tls"] = Field(
        "udp",
        title="Transport",
        description="udp: nobody says whether it arrived. tcp: the server is there, at least. tls: TCP, encrypted.",
    )
    ca_file: Path | None = Field(
        None, title="CA file", description="For TLS: PEM file of the authorities to trust. Blank: those of this computer."
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
    structured_data: bool = Field(
        True, title="Structured data", description="Send the notification's fields as well (rfc5424 only)."
    )
    max_bytes: int = Field(
        2048,
        title="Longest message (bytes)",
        description="Longer ones are cut and end in ...[cut]. Every RFC 5424 receiver should take 2048.",
        ge=480,
        le=65507,
    )
    wait_seconds: float = Field(
        10.0, title="Wait (seconds)", description="How long to wait for the server to take a connection.", gt=0, le=300
    )

    @property
    def facility_number(self) -> int:
        """The facility as RFC 5424 numbers it."""
        return _NAMES.index(self.facility)
