from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from alert_core import Context
from alert_file.conformance import FileConformance, StdinConformance


class TestFile(FileConformance): ...


class TestManyFiles(FileConformance):
    settings = {"path": "*.log", "follow": False}
    unreadable = {}

    @pytest.fixture
    def filled(self, context: Context, tmp_path: Path) -> Mapping[str, Any]:
        half = len(self.records) // 2
        for name, records in (("a.log", self.records[:half]), ("b.log", self.records[half:])):
            (tmp_path / name).write_bytes(b"".join(record + b"\n" for record in records))
        return {"path": str(tmp_path / "*.log"), "follow": False}

    def test_gives_the_same_range_again(self, context: Context, filled: Mapping[str, Any]) -> None:
        """Batch by batch only: no range spans files."""
        source = self.made(filled, context)

        for batch in self._read(filled, context):
            assert [record for one in source.read(batch.start, batch.end) for record in one.split()] == batch.split()


class TestRecordsOfSeveralLines(FileConformance):
    records = tuple(f"# {number}\n  more".encode() for number in range(4000))

    @pytest.fixture
    def filled(self, context: Context, tmp_path: Path) -> Mapping[str, Any]:
        (tmp_path / "app.log").write_bytes(b"".join(record + b"\n" for record in self.records))
        return {"path": str(tmp_path / "app.log"), "multiline": {"start": "^#", "flush_seconds": 0.05}}


class TestUtf16(FileConformance):
    records = tuple(f"{number}: 伺服器".encode() for number in range(9000))

    @pytest.fixture
    def filled(self, context: Context, tmp_path: Path) -> Mapping[str, Any]:
        text = "".join(f"{record.decode()}\r\n" for record in self.records)
        (tmp_path / "app.log").write_bytes(text.encode("utf-16"))
        return {"path": str(tmp_path / "app.log")}


class TestStdin(StdinConformance): ...
