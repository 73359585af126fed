"""A small world for a run: a source that reads lines, an action that keeps what it got, a configuration in a folder."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alert_core import (
    Action,
    Batch,
    Cursor,
    EventSource,
    Notification,
    Push,
    Receipt,
    Settings,
    SourceError,
    Strength,
    hookimpl,
)
from alert_core.config import Config, load
from alert_core.plugins import Plugins
from alert_core.runtime.inputs import recorded
from alert_core.runtime.runner import Runner, Summary
from alert_core.store import LogEntry, LogFilter, Store

PATIENCE_SECONDS = 20
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class LinesSettings(Settings):
    path: str
    follow: bool = True


class LinesSource(EventSource[LinesSettings]):
    """Read lines."""

    name = "lines"
    label = "Lines"

    def run(self, push: Push, stop: threading.Event) -> None:
        position = push.cursor.position if push.cursor else 0
        while not stop.is_set():
            lines = self._lines(position)
            if lines:
                end = Cursor("lines", position + len(lines))
                push(Batch(lines, Cursor("lines", position), end))
                position = end.position
            elif not self.settings.follow or stop.wait(0.005):
                return

    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        lines = self._lines(start.position)[: end.position - start.position]
        if len(lines) < end.position - start.position:
            raise SourceError("the lines are gone")
        yield Batch(lines, start, end)

    def _lines(self, position: int) -> bytes:
        try:
            data = Path(self.settings.path).read_bytes()[position:]
        except OSError as error:
            raise SourceError(f"cannot read {self.settings.path!r}") from error
        return data[: data.rfind(b"\n") + 1]


class World:
    """One folder with a configuration, the log files beside it, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, list[Notification]()
        world = self

        class KeepAction(Action[Settings]):
            """Keep what it got."""

            name = "keep"
            label = "Keep"

            def send(self, notification: Notification) -> Receipt:
                world.told.append(notification)
                return Receipt(Strength.ACCEPTED)

        self.sources: list[type[EventSource[Any]]] = [LinesSource]
        self.actions: list[type[Action[Any]]] = [KeepAction]
        self._running: list[tuple[Runner, threading.Thread]] = []

    @hookimpl
    def alert_register_sources(self) -> list[type[EventSource[Any]]]:
        return self.sources

    @hookimpl
    def alert_register_actions(self) -> list[type[Action[Any]]]:
        return self.actions

    @property
    def plugins(self) -> Plugins:
        return Plugins.load(only=(), objects={"world": self})

    def configure(self, text: str) -> None:
        """Write `alert.toml`: the source `log`, the action `keep`, and this."""
        source = f'[sources.log]\ntype = "lines"\npath = {json.dumps(str(self.folder / "log"))}\n'
        new = self.folder / "alert.toml.new"
        new.write_text(f'{source}[actions.keep]\ntype = "keep"\n{text}')
        new.rename(self.folder / "alert.toml")

    def config(self) -> Config:
        return load(self.folder / "alert.toml", self.plugins)

    def append(self, *minutes: float, file: str = "log", **fields: Any) -> None:
        """Write an event for each of these minutes."""
        with (self.folder / file).open("a") as log:
            for minute in minutes:
                event = {"time": (START + timedelta(minutes=minute)).isoformat(), "computer": "pc-1", **fields}
                log.write(json.dumps(event) + "\n")

    def write(self, text: str | bytes, file: str = "log") -> None:
        with (self.folder / file).open("ab") as log:
            log.write(text if isinstance(text, bytes) else text.encode())

    def run_once(self, **options: Any) -> Summary:
        """Run until everything is read and told."""
        with Store.open(self.config().store.folder) as store:
            return Runner(recorded(self.config()), self.plugins, store, once=True, **options).run()

    def start(self, **options: Any) -> Runner:
        """Run, following, in a thread."""
        store = Store.open(self.config().store.folder)
        runner = Runner(self.config(), self.plugins, store, load=self.config, **options)

        def body() -> None:
            try:
                runner.run()
            finally:
                store.close()

        thread = threading.Thread(target=body)
        thread.start()
        self._running.append((runner, thread))
        return runner

    def stop(self) -> None:
        """Stop what runs, and wait until it has ended."""
        while self._running:
            runner, thread = self._running.pop()
            runner.stop()
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    def wait_for_end(self) -> None:
        runner, thread = self._running.pop()
        thread.join(PATIENCE_SECONDS)
        ended = not thread.is_alive()
        runner.stop()
        assert ended

    def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(0.005)

    def read_up_to_here(self) -> None:
        """Wait until all that was written is decided and committed."""
        size = (self.folder / "log").stat().st_size

        def there() -> bool:
            with Store.open(self.config().store.folder) as store:
                cursor = store.cursor("log")
            return cursor is not None and cursor.position == size

        self.until(there)

    @property
    def log(self) -> list[LogEntry]:
        """What stands in the log, the oldest first."""
        with Store.open(self.folder / "state") as store:
            return list(store.entries(LogFilter()))

    @property
    def fired(self) -> list[tuple[str, float]]:
        """Condition and minute of all notifications, the oldest first."""
        found = [entry.notification for entry in self.log]
        return [(it.condition, (it.time - START) / timedelta(minutes=1)) for it in found]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.stop()
