"""What rsyslogd, a real syslog server, reads out of our messages."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alert_core import Context, DeliveryError, Notification, Severity
from alert_core.testing.peers import require
from alert_syslog import SyslogAction, SyslogSettings

pytestmark = pytest.mark.peers

CONFIG = """
module(load="im{transport}" {options})
template(name="fields" type="string"
    string="%syslogfacility-text%|%syslogseverity-text%|%timereported:::date-rfc3339%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
input(type="im{transport}" port="{port}" address="127.0.0.1")
action(type="omfile" file="{stored}" template="fields")
"""


@contextmanager
def rsyslogd(transport: str, port: int, folder: Path) -> Iterator[Path]:
    stored, config = folder / "stored.log", folder / "rsyslog.conf"
    text = CONFIG.format(transport=transport, options="", port=port, stored=stored)
    config.write_text(text, encoding="ascii")
    daemon = subprocess.Popen([require("rsyslogd"), "-n", "-f", config, "-i", folder / "pid"], stderr=subprocess.DEVNULL)
    try:
        yield stored
    finally:
        daemon.terminate()
        daemon.wait(10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def deliver(log: SyslogAction, sample: Notification, stored: Path) -> str:
    """Send until the server, which may still be starting, has stored something; its first line."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        with suppress(DeliveryError):
            log.send(sample)
        time.sleep(0.05)
        if stored.exists() and (lines := stored.read_text(encoding="utf-8").splitlines()):
            return lines[0]
    raise AssertionError("rsyslogd stored nothing")


@pytest.mark.parametrize(
    "settings",
    [{"transport": "udp"}, {"transport": "tcp"}, {"transport": "tcp", "framing": "newline"}],
    ids=["udp", "tcp", "tcp-newline"],
)
@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
def test_rsyslogd_reads_every_field(settings: dict[str, Any], form: str, tmp_path: Path) -> None:
    given = {"server": "127.0.0.1", "port": free_port(), "hostname": "sensor", "format": form} | settings
    parsed = SyslogSettings.model_validate(given)
    moment = datetime(2026, 3, 1, 7, 28, 3, tzinfo=UTC)
    sample = msgspec.structs.replace(
        Notification.sample(moment), severity=Severity.MAJOR, condition='a "quoted] \\ one', body="grüße\nzwei"
    )

    with rsyslogd(parsed.transport, parsed.port, tmp_path) as stored, closing(SyslogAction(parsed, Context(name="log"))) as log:
        got = deliver(log, sample, stored)

    facility, severity, _, host, app, msgid, *data, text = got.split("|")
    assert (facility, severity, host, app) == ("local0", "err", "sensor", "alert")
    assert text.strip() == "TEST: alert can reach you: grüße\\nzwei"
    if form == "rfc5424":
        assert msgid == "test"
        assert 'condition="a \\"quoted\\] \\\\ one"' in data[0]
