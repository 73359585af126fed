"""Proves this distribution's quality level to `alert plugins --check exec`; needs `pip install 'alert-exec[testing]'`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_exec.plugin import ExecAction

__all__ = ["ExecConformance"]


class ExecConformance(ActionConformance):
    """The exec action with a program that keeps what it is told."""

    action = ExecAction
    settings: ClassVar[Mapping[str, Any]] = {
        "program": "keep.sh",
        "arguments": ["--mode", "a b"],
        "environment": {"TOKEN": "s3cret-token"},
    }
    unreachable: ClassVar[Mapping[str, Any]] = {**settings, "program": "not-there.sh"}

    @pytest.fixture
    def reachable(self, context: Context, tmp_path: Path) -> Mapping[str, Any]:
        """A program in the folder from which programs may be run."""
        self._kept = tmp_path / "kept"
        self._kept.touch()
        context.program_folder.mkdir()
        program = context.program_folder / "keep.sh"
        program.write_text(f"#!/bin/sh\n{{ cat; echo; }} >> {shlex.quote(str(self._kept))}\n", encoding="utf-8")
        program.chmod(0o755)
        return self.settings

    def arrived(self) -> list[str]:
        """What the program read; JSON has no line ends of its own."""
        return [line for line in self._kept.read_text(encoding="utf-8").split("\n") if line]

    def aim(self, host: str, port: int) -> None:
        """It runs programs of this computer and does not use the network."""
