"""Fuzzes every installed format for a while, under the guidance of its code."""

from __future__ import annotations

import importlib.util
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alert_core import Event, Format, Settings, unparsed
from alert_core.plugins import Plugins

SCRIPT = Path(__file__).parent / "fuzz_formats.py"
SECONDS_VARIABLE = "ALERT_FUZZ_SECONDS"


@pytest.mark.fuzz
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="Atheris is not installed")
@pytest.mark.parametrize("name", sorted(Plugins.load().formats))
def test_no_record_leads_a_format_astray(name: str, tmp_path: Path) -> None:
    given = os.environ.get(SECONDS_VARIABLE)
    seconds = int(given or "3")
    # Whoever asks for more wants something new each time; all others want to know whether they broke anything.
    command = [sys.executable, str(SCRIPT), name, str(tmp_path), "--seconds", str(seconds), "--seed", "0" if given else "1"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=seconds + 240)

    faults = [file.read_bytes() for kind in ("crash", "timeout", "oom") for file in tmp_path.glob(f"{kind}-*")]
    assert (done.returncode, faults) == (0, []), done.stdout + done.stderr[-3000:]


class CarelessFormat(Format[Settings]):
    """Drops what it does not know, raises for what it cannot decode, and keeps what it should forget."""

    name = "careless"
    label = "Careless"
    seen: bytes = b""

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        events = []
        for record in records:
            if self.seen == b"poison":
                record = b"poisoned"
            self.seen = record
            record.decode()
            if record:
                events.append(unparsed(record, "careless"))
        return events


class Kit:
    format = CarelessFormat
    settings: dict[str, Any] = {}
    records = [b"good"]


@pytest.mark.parametrize("record", [b"", b"\xff", b"poison"])
def test_target_finds_what_a_careless_format_does(record: bytes) -> None:
    check = runpy.run_path(str(SCRIPT))["target"](Kit)
    check(b"fine")

    with pytest.raises((AssertionError, ValueError)):
        check(record)
