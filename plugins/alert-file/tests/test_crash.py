"""`alert run` over many files, killed again and again: every record is told once."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

CONFIGURATION = """
[sources.logs]
type = "file"
path = "logs/*"
format = { type = "json" }

[conditions.each]
type = "threshold"
count = 1
minutes = 1
damper = "none"
subject = "{{ event.message }}"
"""


class Logs:
    """Files that are written, renamed and compressed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.written, self.random = folder, 0, random.Random(7)
        folder.mkdir()

    def write(self) -> None:
        name = self.random.choice(["a", "b", "c"])
        lines = []
        for _ in range(self.random.randint(1, 12)):
            # All at once: whichever file is read first, none is too late for the condition.
            lines.append(json.dumps({"time": "2026-03-01T00:00:00Z", "message": f"no {self.written}", "computer": name}))
            self.written += 1
        text = "".join(f"{line}\n" for line in lines)
        with (self.folder / f"{name}.log").open("a") as file:
            cut = self.random.randint(0, len(text))
            file.write(text[:cut])
            file.flush()
            file.write(text[cut:])

    def rotate(self) -> None:
        name = self.random.choice(["a", "b", "c"])
        current = self.folder / f"{name}.log"
        if current.exists():
            current.rename(self.folder / f"{name}-{self.written}.log")

    def compress(self) -> None:
        old = sorted(self.folder.glob("*-*.log"))
        if old:
            packed = old[0].with_name(f"{old[0].name}.gz")
            packed.write_bytes(gzip.compress(old[0].read_bytes()))
            old[0].unlink()


def alert(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "alert_core", *arguments, "-c", str(folder / "alert.toml")]
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(command, cwd=folder, stdout=output)


def told(folder: Path) -> list[str]:
    assert alert(folder, "log", "export").wait(60) == 0
    return [json.loads(line)["subject"] for line in (folder / "output").read_bytes().splitlines()]


def test_kill_at_any_moment_loses_and_repeats_nothing(tmp_path: Path) -> None:
    (tmp_path / "alert.toml").write_text(CONFIGURATION)
    logs = Logs(tmp_path / "logs")

    for _ in range(5):
        with alert(tmp_path, "run") as process:
            end = time.monotonic() + logs.random.uniform(0.6, 1.8)
            while time.monotonic() < end:
                logs.write()
                logs.random.choice([logs.write, logs.write, logs.rotate, logs.compress])()
                time.sleep(0.01)
            process.kill()
    assert alert(tmp_path, "run", "--once").wait(60) == 0

    expected = Counter(f"no {number}" for number in range(logs.written))
    found = Counter(told(tmp_path))
    assert sorted((expected - found).elements())[:20] == []
    assert sorted((found - expected).elements())[:20] == []
