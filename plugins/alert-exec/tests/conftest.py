"""A bench on which real scripts are run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from alert_core import Context, Notification
from alert_exec import ExecAction, ExecSettings


class Bench:
    """A program folder, a folder where scripts leave their traces, and actions that run them."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.out, self._state = folder / "bin", folder / "out", folder / "state"
        self.bin.mkdir()
        self.out.mkdir()
        self.actions: list[ExecAction] = []
        self.receipts: list[str] = []

    def script(self, body: str, name: str = "run.sh", interpreter: str = "#!/bin/sh\n", mode: int = 0o755) -> Path:
        path = self.bin / name
        path.write_text(interpreter + body.replace("OUT", str(self.out)))
        path.chmod(mode)
        return path

    def action(self, program: str = "run.sh", name: str = "block", **settings: Any) -> ExecAction:
        context = Context(name=name, program_folder=self.bin, state_folder=self._state / name)
        self.actions.append(ExecAction(ExecSettings.model_validate({"program": program, **settings}), context))
        return self.actions[-1]

    @contextmanager
    def running(self, action: ExecAction) -> Iterator[None]:
        """Let an action run its program beside the block."""
        worker = threading.Thread(target=lambda: self.receipts.append(action.send(Notification.sample()).detail))
        worker.start()
        yield
        worker.join(20)
        assert not worker.is_alive()

    @staticmethod
    def alive(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False


@contextmanager
def made(folder: Path) -> Iterator[Bench]:
    bench = Bench(folder)
    yield bench
    for action in bench.actions:
        action.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with made(tmp_path) as bench:
        yield bench


@pytest.fixture
def open_to_all() -> Iterator[Bench]:
    """A bench where other users may enter and leave traces; not in the folder that pytest keeps to itself."""
    with TemporaryDirectory() as name, made(Path(name)) as bench:
        for folder, mode in ((Path(name), 0o755), (bench.bin, 0o755), (bench.out, 0o777)):
            folder.chmod(mode)
        yield bench
