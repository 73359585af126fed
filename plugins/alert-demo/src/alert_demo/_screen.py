"""What the demo shows in a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from alert_demo._message import ACTIONS, Message
from alert_demo._tour import Result
from alert_demo._words import NAMES, lines, printable

__all__ = ["Screen"]

_STYLES = {"critical": "bold red", "major": "red"}
_INDENT = 2
_STEPS = (
    ("cd {folder}", "see alert.toml, which explains itself"),
    ("alert check", "is the configuration right?"),
    ("alert log list", "what was notified"),
    ("alert log show ID", "one of them, with its deliveries"),
    ("alert replay", "decide again, telling nobody; compare other dampers"),
    ("alert run --once", "go on: only new lines of the log count"),
    ("alert action test admins", "send a sample through an action"),
)
_STAYING = "The receivers stay until Ctrl-C. Try these in another terminal; whatever arrives is shown here."
_LEAVING = (
    "The receivers have ended. Put servers of your own into alert.toml, or keep the demo's with `alert demo --stay` and try "
    "all of this in another terminal."
)


class Screen:
    """Writes for people. Nothing in a text counts as markup."""

    def __init__(self) -> None:
        self._out = Console(markup=False, highlight=False, emoji=False)

    def receivers(self, ports: Mapping[str, int]) -> None:
        """The way of the data, and where it ends here."""
        self._chapter("alert demo: log line -> event -> condition -> notification -> action")
        self._write(["These receivers run on this computer alone, one for each of five channels:", ""])
        table = _grid()
        for channel, (_, receiver) in NAMES.items():
            port = ports.get(channel)
            table.add_row(channel, receiver, f"127.0.0.1:{port}" if port else "")
        self._draw(table)

    def running(self, folder: Path) -> AbstractContextManager[object]:
        """What is being done; ends with the context."""
        self._chapter("From log lines to notifications")
        self._write([f"$ alert run --once --config {_quoted(folder)}", ""], style="bold")
        return self._out.status("reading, deciding, delivering")

    def decisions(self, result: Result) -> None:
        """Which notifications came of the events."""
        text = (
            f"{result.events} lines of an sshd's log became as many events. Three conditions counted them and made "
            f"{len(result.notifications)} notifications, which left as {len(result.messages)} messages. As long as a "
            f"condition goes on being met, its damper keeps quiet: {result.suppressed} events were suppressed, and the next "
            "notification said how many."
        )
        self._write([text, ""])
        table = _grid(("UTC", "Severity", "Notification", "Suppressed", "Channels"))
        table.columns[3].justify = "right"
        for entry in result.notifications:
            table.add_row(*_row(entry))
        self._draw(table)

    def messages(self, result: Result) -> None:
        """The first message of each channel, as it arrived."""
        self._chapter("From notifications to messages: the first of each channel, as it arrived")
        text = (
            "Each delivery ends in a receipt: `accepted` when the other side said yes, `handed-over` when it was a datagram, "
            "which nobody answers."
        )
        self._write([text, ""])
        for channel in ACTIONS:
            first = next((message for message in result.messages if message.channel == channel), None)
            if first is not None:
                self.message(first, result.receipt(first))

    def message(self, message: Message, receipt: str = "") -> None:
        """One message, and what its sender wrote down about it."""
        what, receiver = NAMES[message.channel]
        heading = Text(f"{what} -> {receiver}", style="bold")
        self._out.print(Rule(heading, align="left", style="dim"))
        self._write(lines(message), hang=4)
        if receipt:
            self._write(["", f"receipt: {printable(receipt)}"], style="green", hang=4)
        self._out.print()

    def missing(self, result: Result) -> None:
        """What did not arrive."""
        error = Console(markup=False, highlight=False, emoji=False, stderr=True)
        for line in (*result.missing, *result.said.splitlines()):
            text = printable(line).removeprefix("error: ")
            error.print(Text.assemble(("error: ", "bold red"), text), soft_wrap=True)
        error.print()

    def next_steps(self, folder: Path, *, stay: bool) -> None:
        """How to go on."""
        self._chapter("Go on")
        table = _grid()
        for command, purpose in _STEPS:
            table.add_row(Text(command.format(folder=_quoted(folder)), style="bold"), purpose)
        self._draw(table)
        self._write([_STAYING if stay else _LEAVING, ""])

    def _chapter(self, title: str) -> None:
        self._out.print(Text(f"{title}\n", style="bold cyan"))

    def _draw(self, table: Table) -> None:
        self._out.print(Padding(table, (0, 0, 0, _INDENT), expand=False))
        self._out.print()

    def _write(self, texts: Iterable[str], *, style: str = "", hang: int = 0) -> None:
        """Print lines without blanks at their ends.

        Args:
            texts: The lines; what does not fit is folded.
            style: How they look.
            hang: How much further what is folded is set in.
        """
        for text in texts:
            margin = _INDENT + len(text) - len(text.lstrip())
            folded = Text(text.lstrip()).wrap(self._out, max(self._out.width - margin - hang, 20))
            for number, line in enumerate(folded or [Text()]):
                indent = " " * (margin + hang * (number > 0))
                self._out.print(Text(f"{indent}{line.plain}".rstrip(), style=style), soft_wrap=True)


def _grid(headings: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, show_header=bool(headings), header_style="dim", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _row(entry: dict[str, Any]) -> tuple[str | Text, ...]:
    severity = printable(entry["severity"])
    channels = {action: channel for channel, action in ACTIONS.items()}
    used = ", ".join(channels.get(delivery["action"], "") for delivery in entry["deliveries"])
    time = printable(entry["time"])[11:19]
    return time, Text(severity, style=_STYLES.get(severity, "")), printable(entry["subject"]), str(entry["suppressed"]), used


def _quoted(folder: Path) -> str:
    """A folder as a shell takes it."""
    return printable(shlex.quote(str(folder)))
