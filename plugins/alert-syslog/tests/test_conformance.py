from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_syslog import SyslogAction


class TestSyslog(ActionConformance):
    action = SyslogAction
    settings = {"server": "127.0.0.1", "facility": "auth", "hostname": "sensor"}
    unreachable = {"server": "127.0.0.1", "port": 1, "transport": "tcp"}

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[dict[str, Any]]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield {**self.settings, "transport": "tcp", "port": server.getsockname()[1]}
