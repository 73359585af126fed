"""A choice of distributions works by itself; run by `nox -s minimal`, where only the core, files and traps are installed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

ALERT = (sys.executable, "-m", "alert_core")

CONFIGURATION = """
[sources.lines]
type = "file"
path = "events.ndjson"
format = "json"

[conditions.guessing]
type = "threshold"
event_types = ["auth-failure"]
count = 3
minutes = 1
actions = ["noc"]

[actions.noc]
type = "snmp"
host = "127.0.0.1"
port = {port}
community = "public"
version = "v2c"
"""


def test_chosen_plugins_are_the_only_ones() -> None:
    done = subprocess.run([*ALERT, "plugins", "--json"], check=True, capture_output=True, text=True)

    plugins = json.loads(done.stdout)["plugins"]
    assert [(plugin["name"], plugin["status"]) for plugin in plugins] == [("builtin", "ok"), ("file", "ok"), ("snmp", "ok")]


def test_run_turns_lines_into_a_trap(tmp_path: Path) -> None:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(10)
    (tmp_path / "alert.toml").write_text(CONFIGURATION.format(port=receiver.getsockname()[1]), encoding="utf-8")
    times = (f"2026-01-31T06:55:4{second}Z" for second in range(3))
    events = [{"time": time, "type": "auth-failure", "computer": "db-1"} for time in times]
    (tmp_path / "events.ndjson").write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")

    subprocess.run([*ALERT, "run", "--once"], cwd=tmp_path, check=True, timeout=60)

    with receiver:
        trap = receiver.recv(65536)
    assert b"public" in trap
    assert b"guessing" in trap
