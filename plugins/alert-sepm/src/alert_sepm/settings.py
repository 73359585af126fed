"""The options of everything in this distribution."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from alert_core import Settings, Severity
from alert_core.wire.times import parse_zone

__all__ = ["SepmFormatSettings"]


def _zone(value: str) -> str:
    if value:
        parse_zone(value)
    return value


def _lower(value: dict[str, Severity]) -> dict[str, Severity]:
    return {name.lower(): severity for name, severity in value.items()}


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
