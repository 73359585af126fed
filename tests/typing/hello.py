"""A plugin as its author writes it: type-checked with all strictness, never run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import assert_type

from pydantic import Field

from alert_core import (
    Action,
    Batch,
    Cursor,
    DeliveryError,
    Event,
    EventSource,
    Format,
    Notification,
    Push,
    Receipt,
    Secret,
    Settings,
    Strength,
    hookimpl,
    unparsed,
)


class HelloSettings(Settings):
    path: Path = Field(title="File", description="Receives one line per notification.")
    token: Secret | None = Field(None, title="Token", description="Put before each line.")


class HelloAction(Action[HelloSettings]):
    """Append the subject of each notification to a file."""

    name = "hello"
    label = "Append to a file"

    def send(self, notification: Notification) -> Receipt:
        assert_type(self.settings, HelloSettings)
        token = self.context.reveal(self.settings.token) if self.settings.token else ""
        try:
            with self.settings.path.open("a", encoding="utf-8") as out:
                out.write(f"{token}{notification.subject}\n")
        except OSError as error:
            raise DeliveryError(f"cannot append to {self.settings.path}", retryable=True) from error
        return Receipt(Strength.ACCEPTED)


class GreetingSource(EventSource[HelloSettings]):
    """Read the whole file once."""

    name = "greetings"
    label = "A file of greetings"

    def run(self, push: Push, stop: threading.Event) -> None:
        start = push.cursor or Cursor(origin=str(self.settings.path), position=0)
        content = self.settings.path.read_bytes()[start.position :]
        if content and not stop.is_set():
            end = Cursor(origin=start.origin, position=start.position + len(content))
            push(Batch(records=content, start=start, end=end))


class GreetingFormat(Format[Settings]):
    """Every line that is text is a greeting."""

    name = "greeting"
    label = "Greetings"

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return [unparsed(record, "greetings are not understood yet") for record in records]


@hookimpl
def alert_register_actions() -> list[type[HelloAction]]:
    return [HelloAction]


@hookimpl
def alert_register_sources() -> list[type[GreetingSource]]:
    return [GreetingSource]


@hookimpl
def alert_register_formats() -> list[type[GreetingFormat]]:
    return [GreetingFormat]
