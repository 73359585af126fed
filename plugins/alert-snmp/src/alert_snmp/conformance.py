"""Proves this distribution's quality level to `alert plugins --check snmp`; needs `pip install 'alert-snmp[testing]'`."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_snmp.plugin import SnmpAction

__all__ = ["SnmpConformance"]


class SnmpConformance(ActionConformance):
    """The SNMP action against a receiver of datagrams on loopback."""

    action = SnmpAction
    settings: ClassVar[Mapping[str, Any]] = {
        "host": "127.0.0.1",
        "version": "v3",
        "user": {
            "name": "alert",
            "auth": "SHA-256",
            "auth_key": "maplesyrup",
            "privacy": "AES-128",
            "privacy_key": {"file": "privacy.key"},
        },
    }
    unreachable: ClassVar[Mapping[str, Any]] = {
        "host": "127.0.0.1",
        "port": 1,
        "version": "v2c",
        "community": "s3cret",
        "confirm": True,
        "confirm_seconds": 0.2,
    }
    time_limit_seconds = 5.0

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[Mapping[str, Any]]:
        """A receiver of traps."""
        self._traps: list[str] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.setblocking(False)
            self._receiver = receiver
            yield {"host": "127.0.0.1", "port": receiver.getsockname()[1], "version": "v2c", "community": "s3cret"}

    def arrived(self) -> list[str]:
        """The traps, byte by byte."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._traps.append(self._receiver.recv(65535).decode("latin-1"))
        return self._traps

    def aim(self, host: str, port: int) -> Mapping[str, Any]:
        """A receiver that is asked to confirm; one that is not can say nothing about faults."""
        return {**self.unreachable, "host": host, "port": port}

    def aim_tls(self, host: str, port: int) -> None:
        """SNMPv3 encrypts by itself."""
