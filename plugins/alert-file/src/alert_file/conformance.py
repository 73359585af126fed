"""Proves this distribution's quality level to `alert plugins --check file`; needs `pip install 'alert-file[testing]'`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import SourceConformance
from alert_file.plugin import FileSource, StdinSource

__all__ = ["FileConformance", "StdinConformance"]

_RECORDS = (*(f"line {number}".encode() for number in range(8000)), "伺服器".encode(), b"\xff\x00\x1b[2J", b"x" * 100_000)
"""More than one batch, and what is not text."""


class FileConformance(SourceConformance):
    """The source `file`, following a log."""

    source = FileSource
    settings: ClassVar[Mapping[str, Any]] = {"path": "app.log"}
    records: ClassVar[Sequence[bytes]] = _RECORDS
    unreadable: ClassVar[Mapping[str, Any]] = {"path": "no/such/folder/app.log", "follow": False}

    @pytest.fixture
    def filled(self, context: Context, tmp_path: Path) -> Mapping[str, Any]:
        """A log, with an older one beside it that a first run leaves alone."""
        (tmp_path / "app.log.1").write_bytes(b"before\n")
        (tmp_path / "app.log").write_bytes(b"".join(record + b"\n" for record in self.records))
        return {"path": str(tmp_path / "app.log")}


class StdinConformance(SourceConformance):
    """The source `stdin` at the end of a pipe."""

    source = StdinSource
    records: ClassVar[Sequence[bytes]] = _RECORDS[-200:-1]

    @pytest.fixture
    def filled(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, Any]]:
        """A pipe with the records in it, instead of standard input."""
        read, write = os.pipe()
        with os.fdopen(read) as end:
            monkeypatch.setattr(sys, "stdin", end)
            with os.fdopen(write, "wb") as begin:
                begin.write(b"".join(record + b"\n" for record in self.records))
            yield self.settings
