"""Proves the quality level of what the core itself brings to `alert plugins --check builtin`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from alert_core.builtin.json import JsonFormat
from alert_core.builtin.pattern import PatternFormat
from alert_core.builtin.threshold import ThresholdCondition
from alert_core.model import Event
from alert_core.testing.condition import ConditionConformance
from alert_core.testing.format import FormatConformance

__all__ = ["JsonConformance", "PatternConformance", "ThresholdConformance"]

_START = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


class JsonConformance(FormatConformance):
    """The format `json`."""

    format = JsonFormat
    records: ClassVar[Sequence[bytes]] = (
        b'{"time": "2026-03-14T15:09:26Z", "type": "auth-failure", "computer": "db-1", "user": "root", "count": 3}',
        b'{"time": "2026-03-14T16:09:26+01:00", "type": "risk", "severity": "major", "depth": {"a": [1, null]}}',
        '{"time": 1773500966.5, "type": "risk", "computer": "伺服器", "message": "two\\nlines \\u202e"}'.encode(),
    )


class PatternConformance(FormatConformance):
    """The format `pattern`."""

    format = PatternFormat
    settings: ClassVar[Mapping[str, Any]] = {
        "patterns": [{"regex": r"(?P<computer>\S+) login of (?P<user>.*) failed$", "type": "auth-failure"}],
        "time_format": "iso8601",
    }
    records: ClassVar[Sequence[bytes]] = (
        b"2026-03-14T15:09:26Z db-1 login of root failed",
        "2026-03-14T15:09:27Z 伺服器 login of Zoë failed".encode(),
        b"2026-03-14T15:09:28Z db-1 login of  failed",
    )


class ThresholdConformance(ConditionConformance):
    """The condition `threshold`, for each computer by itself."""

    condition = ThresholdCondition
    settings: ClassVar[Mapping[str, Any]] = {
        "event_types": ["auth-failure"],
        "per": "single-computer",
        "count": 3,
        "minutes": 5,
    }

    def events(self) -> list[Event]:
        """Two computers, one of which reaches the threshold twice."""
        return [
            Event(
                time=_START + timedelta(seconds=20 * number),
                type="auth-failure",
                id=f"event-{number}",
                computer="quiet" if number == 4 else "noisy",
            )
            for number in range(8)
        ]
