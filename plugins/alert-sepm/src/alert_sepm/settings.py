"""The options of everything in this distribution."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from alert_core import Secret, Settings, Severity
from alert_core.templates import check_template
from alert_core.tls import ClientTls

__all__ = ["ManagerSettings", "SepmActionSettings", "SepmFormatSettings", "SepmSourceSettings"]

LONGEST_LINK = 512
"""What the manager takes."""


def _zone(value: str) -> str:
    from alert_core.wire.times import parse_zone

    if value:
        parse_zone(value)
    return value


def _lower(value: dict[str, Severity]) -> dict[str, Severity]:
    return {name.lower(): severity for name, severity in value.items()}


def _host(value: str) -> str:
    if not value or not value.isprintable() or any(character in value for character in " /@?#"):
        raise ValueError("must be a name or an address alone, without https:// and path")
    return value


def _link(value: str) -> str:
    address = urlsplit(value)
    if address.scheme not in ("http", "https") or not address.hostname or "{" in address.netloc:
        raise ValueError("must begin with http:// or https:// and the name of a server, without placeholders")
    if len(f"{address.scheme}://{address.netloc}/") > LONGEST_LINK:
        raise ValueError(f"is longer than the {LONGEST_LINK} characters that a manager takes")
    return value


TemplateText = Annotated[str, AfterValidator(check_template)]


class ManagerSettings(Settings):
    """Where a manager is, and who asks."""

    server: Annotated[str, AfterValidator(_host)] = Field(
        title="Manager", description="Name or address of Symantec Endpoint Protection Manager."
    )
    port: int = Field(8446, ge=1, le=65535, title="Port", description="TCP port of its web services.")
    user: str = Field(min_length=1, title="User name", description="An administrator of the manager.")
    password: Secret = Field(title="Password", description="The administrator's password.")
    domain: str = Field(
        "", title="Domain", description="The domain of the manager that the administrator logs on to. Blank: the default one."
    )
    tls: ClientTls = Field(
        default_factory=ClientTls, title="TLS", description="Whom to trust, and how to show who this end is."
    )
    wait_seconds: float = Field(
        10.0, gt=0, le=300, title="Wait (seconds)",
        description="How long a request may take, from connecting to the end of the answer.",
    )  # fmt: skip


class SepmSourceSettings(ManagerSettings):
    """Which critical events to fetch, and when."""

    poll_seconds: float = Field(
        60.0, ge=1, le=86_400, title="Poll (seconds)", description="How long to wait before asking for new events again."
    )
    start: Literal["beginning", "end"] = Field(
        "beginning",
        title="Start",
        description="What the very first run does with events that are there already: beginning takes them, end skips them.",
    )
    acknowledge: bool = Field(
        False,
        title="Acknowledge",
        description=("Acknowledge each event in the manager, for everybody, as soon as it is safe here. Otherwise only look."),
    )


class SepmActionSettings(ManagerSettings):
    """What a notification looks like in the manager."""

    title: TemplateText = Field(
        "{{ condition }}",
        min_length=1,
        title="Name",
        description="Template of the notification's name, at most 255 characters.",
    )
    subject: TemplateText = Field(
        "{{ severity | upper }}: {{ subject }}",
        min_length=1,
        title="Subject",
        description="Template of its subject, at most 255 characters.",
    )
    message: TemplateText = Field(
        "{{ body }}", min_length=1, title="Message", description="Template of its message, at most 32767 characters."
    )
    hyperlink: Annotated[TemplateText, AfterValidator(_link)] = Field(
        title="Hyperlink",
        description=(
            "Template of the link that it leads to, at most 512 characters; the manager takes no notification without one. "
            "Values in it are percent-encoded."
        ),
        examples=["https://alert.example.com/log/{{ id }}"],
    )
    on_close: bool = Field(
        False, title="Post when it closes", description="Whether to tell as well that a condition or response has closed."
    )


class SepmFormatSettings(Settings):
    """What is said about the records of a manager."""

    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC",
        min_length=1,
        title="Time zone",
        description="The zone of the times inside records, such as `Europe/Berlin` or `+02:00`.",
    )
    header_timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "",
        title="Time zone of headers",
        description="The zone of the times before records: of syslog headers and dump files. Blank: the same.",
    )
    year: int | None = Field(
        None,
        ge=1970,
        le=9998,
        title="Year",
        description="The year of syslog headers, which do not say one. Not set: the one that puts them nearest to now.",
    )
    severities: Annotated[dict[str, Severity], AfterValidator(_lower)] = Field(
        default_factory=dict,
        title="Severities",
        description=(
            "Event type, or type and action as in `risk/left alone`, = severity. What stands here goes before what a record "
            "says and before the usual table."
        ),
        examples=[{"risk": "critical", "risk/cleaned": "low"}],
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        title="Labels",
        description="A label as the server writes it = the English label; for languages that are not known, or in part only.",
        examples=[{"Nombre del equipo": "Computer name"}],
    )
