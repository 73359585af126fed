from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_snmp import SnmpAction


class TestSnmp(ActionConformance):
    action = SnmpAction
    settings = {
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
    unreachable = {
        "host": "127.0.0.1",
        "port": 1,
        "version": "v2c",
        "community": "s3cret",
        "confirm": True,
        "confirm_seconds": 0.2,
    }

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[dict[str, Any]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            yield {"host": "127.0.0.1", "port": receiver.getsockname()[1], "version": "v2c", "community": "s3cret"}
