"""What the messages do not say themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from alert_core import Settings

__all__ = ["TippingPointSettings"]


def _zone(value: str) -> str:
    from alert_core.wire.times import parse_zone

    parse_zone(value)
    return value


class TippingPointSettings(Settings):
    """What is said about messages of the SMS and of devices."""

    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC",
        title="Time zone",
        description="The zone of times that do not say one, or none that exists, such as `Europe/Berlin` or `+02:00`.",
    )
    actions: dict[str, str] = Field(
        default_factory=dict,
        title="Actions",
        description="Number = name of what was done, for the tab-delimited layout, which has numbers that the vendor explains "
        "nowhere. What is not listed stays a number.",
        examples=[{"7": "Permit", "8": "Block"}],
    )
