"""The demo itself: run the sample log through the example configuration and see what arrives."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from alert_demo._folder import LOG, fill
from alert_demo._message import ACTIONS, Message
from alert_demo._program import Blocklist
from alert_demo._receivers import Receivers

__all__ = ["Result", "Tour"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of it.

    Attributes:
        events: How many lines the log has; each is an event.
        notifications: The entries of the notifications log, as `alert log export` writes them, the oldest first.
        messages: What arrived: by notification, then by channel.
        exit_code: How `alert run` ended; `None` when its time was over.
        said: What it had to say about errors.
    """

    events: int
    notifications: list[dict[str, Any]]
    messages: list[Message]
    exit_code: int | None
    said: str

    @property
    def suppressed(self) -> int:
        """How many events notifications report as suppressed before them."""
        return sum(entry["suppressed"] for entry in self.notifications)

    @property
    def missing(self) -> list[str]:
        """What should have arrived and did not, in words."""
        arrived = {(message.notification, message.action) for message in self.messages}
        expected = list(_expected(self.notifications))
        late = [
            f"{entry['subject']!r} did not arrive through {action!r}"
            for entry, action in expected
            if (entry["id"], action) not in arrived
        ]
        used = {action for _, action in expected}
        late += [f"nothing was sent through {action!r}" for action in ACTIONS.values() if action not in used]
        if self.exit_code is None:
            return [*late, "`alert run --once` took too long and was ended; --wait gives it more time"]
        return [*late, f"`alert run --once` ended with exit code {self.exit_code}"] if self.exit_code else late

    def receipt(self, message: Message) -> str:
        """What the notifications log says about the delivery of a message."""
        for entry in self.notifications:
            for delivery in entry["deliveries"]:
                if (entry["id"], delivery["action"]) == (message.notification, message.action):
                    receipt = delivery["receipt"] or {}
                    return " ".join(filter(None, (receipt.get(part) for part in ("strength", "remote_id", "detail"))))
        return ""


class _Ended(NamedTuple):
    """A command that is over; without a code when it was killed, because its time was over first."""

    output: str
    errors: str
    code: int | None


class Tour:
    """One demo.

    Args:
        folder: An empty folder.
        receivers: Running ones.
    """

    def __init__(self, folder: Path, receivers: Receivers) -> None:
        self.folder, self.receivers = folder, receivers
        self.blocklist = Blocklist(folder)
        fill(folder, receivers.ports)

    def run(self, *, wait_seconds: float) -> Result:
        """Run the log through the configuration, with the very commands that anybody would type.

        Args:
            wait_seconds: When everything must have arrived.
        """
        deadline = time.monotonic() + wait_seconds
        events = (self.folder / LOG).read_bytes().count(b"\n")
        run = self._alert("run", "--once", deadline=deadline)
        exported = self._alert("log", "export", deadline=time.monotonic() + wait_seconds).output
        notifications = [json.loads(line) for line in exported.splitlines()]
        messages = self._collect(notifications, deadline)
        order = [entry["id"] for entry in notifications]
        return Result(
            events=events,
            notifications=notifications,
            messages=sorted(messages, key=lambda it: (order.index(it.notification), list(ACTIONS).index(it.channel))),
            exit_code=run.code,
            said=run.errors,
        )

    def _collect(self, notifications: list[dict[str, Any]], deadline: float) -> list[Message]:
        """What arrives until all is there; messages of anybody else are not the demo's."""
        wanted = {(entry["id"], action) for entry, action in _expected(notifications)}
        found = []
        messages = self.receivers.messages(self.blocklist, until=deadline)
        while wanted and (message := next(messages, None)):
            if (message.notification, message.action) in wanted:
                found.append(message)
                wanted.remove((message.notification, message.action))
        return found

    def _alert(self, *arguments: str, deadline: float) -> _Ended:
        command = [sys.executable, "-m", "alert_core", *arguments, "--config", str(self.folder)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, encoding="utf-8") as process:  # noqa: S603 our own program
            try:
                return _Ended(*process.communicate(timeout=max(0.0, deadline - time.monotonic())), process.returncode)
            except subprocess.TimeoutExpired:
                # What it has done so far is in the notifications log all the same.
                process.kill()
                return _Ended(*process.communicate(), None)


def _expected(notifications: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every notification with every action through which it was to be delivered."""
    return ((entry, delivery["action"]) for entry in notifications for delivery in entry["deliveries"])
