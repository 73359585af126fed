from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_email import EmailAction


class TestEmail(ActionConformance):
    action = EmailAction
    settings = {
        "server": "mail.example.com",
        "user": "alert@example.com",
        "password": "s3cret-password",
        "to": ["Ann <ann@example.com>", "bob@example.com"],
    }
    unreachable = {**settings, "server": "127.0.0.1", "port": 1}

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[dict[str, Any]]:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        controller = Controller(Sink(), hostname="127.0.0.1", port=port)
        controller.start()
        yield {"server": "127.0.0.1", "port": port, "security": "none", "to": "ann@example.com"}
        controller.stop()
