"""The condition type `threshold`: so many events in so many minutes, on any, a single or distinct computers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from alert_core.components import Condition
from alert_core.model import Firing, Message
from alert_core.settings import Settings

if TYPE_CHECKING:
    from alert_core.evaluators import Evaluator

__all__ = ["ThresholdCondition", "ThresholdSettings"]

Per = Literal["any-computer", "single-computer", "distinct-computers"]


class ThresholdSettings(Settings):
    """What to count, and how much is too much."""

    event_types: tuple[str, ...] = Field(
        default=(),
        title="Event types",
        description="Types of the events to count; globs are allowed. Empty: every type.",
        examples=[["auth-failure"]],
    )
    per: Per = Field(
        default="any-computer",
        title="Count occurrences on",
        description=(
            "`any-computer`: all occurrences together. `single-computer`: those of each computer by itself. "
            "`distinct-computers`: how many different computers have at least one."
        ),
    )
    count: int = Field(default=5, ge=1, le=100_000, title="Occurrences", description="The number that is to be reached.")
    minutes: float = Field(
        default=1, gt=0, le=60 * 24 * 366, title="Within minutes", description="How long an occurrence counts, up to a year."
    )
    compare: Literal["at_least", "more_than"] = Field(
        default="at_least",
        title="Comparison",
        description="Whether to notify when the number is reached (`at_least`) or only when it is exceeded (`more_than`).",
    )
    max_keys: int = Field(
        default=1_000_000,
        ge=1000,
        title="Computers remembered",
        description="At most so many computers are remembered at once; beyond it the oldest go, and an event reports it.",
    )


class ThresholdCondition(Condition[ThresholdSettings]):
    """So many events in so many minutes, on any computer, on a single computer, or on distinct computers."""

    name = "threshold"
    label = "Threshold"

    def evaluator(self) -> Evaluator[Any]:
        from alert_core.counting import AnyCount, DistinctCount, SharedDamperCount, SingleCount

        settings = self.settings
        count = settings.count + (settings.compare == "more_than")
        window = timedelta(minutes=settings.minutes)
        if settings.per == "any-computer":
            return AnyCount(count=count, window=window, damper=self.damper)
        if settings.per == "distinct-computers":
            return DistinctCount(count=count, window=window, damper=self.damper)
        single = SharedDamperCount if self.damper_per == "condition" else SingleCount
        return single(count=count, window=window, damper=self.damper, limit=settings.max_keys)

    def message(self, firing: Firing) -> Message:
        what = ", ".join(self.settings.event_types) or "events"
        where = {"any-computer": "", "single-computer": f" on {firing.key}", "distinct-computers": ""}[self.settings.per]
        unit = f"{firing.quantity} computers with {what}" if firing.computers else f"{firing.quantity} x {what}{where}"
        minutes = f"{self.settings.minutes:g} minute{'' if self.settings.minutes == 1 else 's'}"
        lines = [f"{unit} within {minutes}.", ""]
        if firing.since:
            lines.append(f"First counted: {firing.since.isoformat(sep=' ')}")
        lines.append(f"Last counted:  {firing.time.isoformat(sep=' ')}")
        if firing.computers:
            lines.append(f"Computers:     {', '.join(firing.computers)}")
        if firing.suppressed:
            lines.append(f"Suppressed:    {firing.suppressed} more since the last notification")
        if firing.event:
            lines += ["", f"Last event:    {firing.event.message or firing.event.raw or firing.event.type}"]
        return Message(subject=f"{firing.condition}: {unit} within {minutes}", body="\n".join(lines) + "\n")
