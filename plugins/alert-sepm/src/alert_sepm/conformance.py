"""Proves the quality levels of this distribution to `alert plugins --check sepm`; needs `pip install 'alert-sepm[testing]'`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance, FormatConformance, SourceConformance
from alert_sepm.action import SepmAction
from alert_sepm.format import SepmFormat
from alert_sepm.source import SepmSource
from alert_sepm.testing import LocalManager

__all__ = ["SepmActionConformance", "SepmFormatConformance", "SepmSourceConformance"]

_ACCOUNT = {"server": "sepm.example.com", "user": "alert", "password": "s3cret-password"}


class SepmFormatConformance(FormatConformance):
    """The format with a record of every log."""

    format = SepmFormat
    records = files(__package__).joinpath("samples.log").read_bytes().splitlines()


class SepmSourceConformance(SourceConformance):
    """The source against a manager on loopback that gives all events at once."""

    source = SepmSource
    settings: ClassVar[Mapping[str, Any]] = {**_ACCOUNT, "tls": {"minimum_version": "1.3"}}
    unreadable: ClassVar[Mapping[str, Any]] = {**settings, "server": "127.0.0.1", "port": 1}

    @pytest.fixture
    def filled(self, context: Context) -> Iterator[Mapping[str, Any]]:
        """A manager with three events."""
        with LocalManager(context.state_folder.parent) as manager:
            for number in range(3):
                manager.add(f"E{number}", time=f"2024-05-01 10:00:0{number}.0")
            self._events = list(manager.critical.values())
            yield manager.settings

    @property
    def records(self) -> list[bytes]:  # type: ignore[override]
        """The events as they are handed on."""
        return [json.dumps(event, separators=(",", ":")).encode() for event in self._events]


class SepmActionConformance(ActionConformance):
    """The action against a manager on loopback that takes what is within its limits."""

    action = SepmAction
    settings: ClassVar[Mapping[str, Any]] = {
        **_ACCOUNT,
        "hyperlink": "https://alert.example.com/log/{{ id }}?{{ event.computer }}",
        "message": "{{ body }}\n{{ event.message }} {{ event.raw }}",
    }
    unreachable: ClassVar[Mapping[str, Any]] = {**settings, "server": "127.0.0.1", "port": 1}
    time_limit_seconds = 5.0

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[Mapping[str, Any]]:
        """A manager."""
        with LocalManager(context.state_folder.parent) as manager:
            self._posted = manager.posted
            yield {**self.settings, **manager.settings}

    def arrived(self) -> list[str]:
        """The notifications that it took."""
        return [json.dumps(notification) for notification in self._posted]

    def aim(self, host: str, port: int) -> Mapping[str, Any]:
        """The same as with TLS, which is all that a manager speaks."""
        return {**self.settings, "server": host, "port": port, "wait_seconds": 0.5}

    def aim_tls(self, host: str, port: int) -> Mapping[str, Any]:
        """A manager."""
        return self.aim(host, port)
