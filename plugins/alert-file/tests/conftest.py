from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alert_core import Batch, Context, Cursor, SourceError
from alert_file.plugin import FileSource
from alert_file.settings import FileSettings


class Program:
    """A program that reads files, and goes on where it was whenever it is started again.

    Its memory may end after any batch, as after a crash.
    """

    def __init__(self, path: Path | str, **settings: object) -> None:
        self._path, self._settings = path, settings
        self.cursors: dict[str, Cursor] = {}
        self.batches: list[Batch] = []
        self._stop, self._left = threading.Event(), 0

    @property
    def cursor(self) -> Cursor | None:
        return self.cursors.get("")

    def __call__(self, batch: Batch) -> None:
        if self._left == 0:  # The crash: nobody remembers this batch.
            self._stop.set()
            return
        self._left -= 1
        self.batches.append(batch)
        self.cursors[batch.end.part] = batch.end
        if batch.ended:
            del self.cursors[batch.end.part]

    def source(self, **settings: object) -> FileSource:
        made = FileSettings.model_validate({"path": str(self._path), **self._settings, **settings})
        return FileSource(made, Context(name="log"))

    def read(self, most: int = -1) -> list[str]:
        """Read to the end, or until so many batches were taken; answers the records."""
        before = len(self.batches)
        self._left, self._stop = most, threading.Event()
        self.source(follow=False).run(self, self._stop)
        return records(self.batches[before:])

    @contextmanager
    def following(self) -> Iterator[Program]:
        self._left, self._stop, errors = -1, threading.Event(), list[Exception]()

        def run() -> None:
            try:
                self.source().run(self, self._stop)
            except SourceError as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join(5)
        assert errors == []
        assert not thread.is_alive()

    def wait_for(self, reached: Callable[[], object], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not reached() and time.monotonic() < deadline:
            time.sleep(0.002)
        assert reached(), self.records[-5:]

    @property
    def records(self) -> list[str]:
        return records(self.batches)

    def again(self) -> list[str]:
        """Every batch read once more, by its cursors."""
        source = self.source()
        return [record for it in self.batches if it.records for record in records(list(source.read(it.start, it.end)))]

    @property
    def places(self) -> list[tuple[str, int]]:
        """Where each record stands, which becomes its identity."""
        return [(batch.start.origin, batch.locate(index)[0]) for batch in self.batches for index in range(len(batch.split()))]


def records(batches: list[Batch]) -> list[str]:
    return [record.decode(errors="surrogateescape") for batch in batches for record in batch.split()]


@pytest.fixture(scope="session")
def make() -> type[Program]:
    """Makes a program that reads the files it is given."""
    return Program
