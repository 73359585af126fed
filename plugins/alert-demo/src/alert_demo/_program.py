"""What the program of the example configuration wrote down."""

from __future__ import annotations

import re
from pathlib import Path

from alert_demo._message import ACTIONS, Message

__all__ = ["Blocklist"]


class Blocklist:
    """The file to which `bin/block-host` adds a line whenever it is run.

    Args:
        folder: The folder of the configuration.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "blocklist.txt"
        self._seen = 0

    def new(self) -> list[Message]:
        """A message for every line that was added since the last call."""
        if not self._file.exists():
            return []
        # A last line without its end is still being written.
        lines = self._file.read_text("utf-8", "replace").split("\n")[self._seen : -1]
        self._seen += len(lines)
        return [self._message(line) for line in lines]

    def _message(self, line: str) -> Message:
        found = re.search(r"([0-9a-f]{32})$", line)
        return Message("exec", found[1] if found else "", {"program": ACTIONS["exec"], "file": self._file.name, "line": line})
