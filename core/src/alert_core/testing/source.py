r"""What every source must do, as tests that its author inherits.

class TestSpool(SourceConformance):
    source = SpoolSource
    records = [b"one", b"two", b"three"]

    @pytest.fixture
    def filled(self, context):
        Path("spool").write_bytes(b"".join(record + b"\n" for record in self.records))
        return {"path": "spool"}
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from alert_core.components import Batch, Context, Cursor, EventSource
from alert_core.errors import SourceError
from alert_core.testing import _processes
from alert_core.testing.component import ComponentConformance
from alert_core.testing.levels import gold, silver, spare

__all__ = ["SourceConformance"]


class SourceConformance(ComponentConformance):
    """The tests that every source passes.

    Attributes:
        source: The class under test.
        settings: Valid settings, as they would stand in `alert.toml`.
        records: What it gives with the settings of `filled`, record by record, all different.
        unreadable: Valid settings with which it cannot go on; leave it out if it waits for whatever is not there.
        time_limit_seconds: How long it may take to give the records, and to stop.
    """

    kind = "source"
    source: ClassVar[type[EventSource[Any]]]
    records: ClassVar[Sequence[bytes]]
    unreadable: ClassVar[Mapping[str, Any]] = {}
    time_limit_seconds: ClassVar[float] = 10.0

    @pytest.fixture
    def filled(self, context: Context) -> Mapping[str, Any]:
        """Settings with which it gives `records`. Replace it to put them in place first."""
        return self.settings

    def feed(self) -> None:
        """Send the records, for sources that only hear what is said while they run; called once it runs. Default: nothing."""

    @silver
    def test_gives_the_records_in_order(self, context: Context, filled: Mapping[str, Any]) -> None:
        batches = self._read(filled, context)

        assert _records(batches) == list(self.records)

    @silver
    def test_batches_join_where_they_touch(self, context: Context, filled: Mapping[str, Any]) -> None:
        batches = self._read(filled, context)

        for batch in batches:
            whole = len(batch.records)
            assert batch.end.origin != batch.start.origin or batch.end.position - batch.start.position >= whole - 1
        for before, after in pairwise(sorted(batches, key=lambda batch: batch.start.part)):
            assert after.start.origin != before.end.origin or after.start.position == before.end.position

    @silver
    def test_stops_when_it_is_told_to(self, context: Context, filled: Mapping[str, Any]) -> None:
        run = _Run(self.made(filled, context), enough=0)

        run.stop.set()
        run.start()

        assert run.ended(self.time_limit_seconds), "run() must return soon after `stop` is set"

    @silver
    def test_leaves_no_thread_and_no_socket_behind(self, context: Context, filled: Mapping[str, Any]) -> None:
        before = _processes.threads_and_sockets()

        self._read(filled, context)

        left = _processes.new_since(before, patience_seconds=5.0)
        assert left == set(), f"end these before run() returns: {', '.join(sorted(left))}"

    @silver
    def test_source_that_cannot_go_on_says_so(self, context: Context) -> None:
        if not self.unreadable:
            spare("it waits for what is not there")
        source = self.made(self.unreadable, context)

        outcome = _processes.outcome_of(lambda: source.run(_Push(()), threading.Event()), self.time_limit_seconds)

        assert isinstance(outcome, SourceError), f"run() must raise SourceError, not give {outcome!r}"
        assert str(outcome), "say what went wrong"

    @gold
    def test_goes_on_where_it_was(self, context: Context, filled: Mapping[str, Any]) -> None:
        self._must_rewind()
        whole = self._read(filled, context)

        for number in range(1, len(whole) + 1):
            left = _records(whole[number:])
            rest = self._read(filled, context, before=whole[:number], enough=len(left))

            assert _records(rest) == left, f"after batch {number} of {len(whole)}"

    @gold
    def test_gives_the_same_range_again(self, context: Context, filled: Mapping[str, Any]) -> None:
        self._must_rewind()
        whole, source = self._read(filled, context), self.made(filled, context)

        for batch in whole:
            assert _records(source.read(batch.start, batch.end)) == batch.split()

        assert _records(source.read(whole[0].start, whole[-1].end)) == list(self.records)

    @gold
    def test_waits_while_nobody_takes_more(self, context: Context, filled: Mapping[str, Any]) -> None:
        run = _Run(self.made(filled, context), enough=len(self.records), slow_seconds=0.2)

        with run:
            self.feed()
            run.wait(self.time_limit_seconds)

        assert _records(run.batches) == list(self.records)
        assert not run.overlapped, "push() was called while an earlier call had not returned"

    def _must_rewind(self) -> None:
        if not self.source.rewindable:
            spare("it cannot be rewound; the core writes down what it gives")

    def _read(
        self, settings: Mapping[str, Any], context: Context, *, before: Sequence[Batch] = (), enough: int | None = None
    ) -> list[Batch]:
        """What a new instance gives after these batches, until there is enough or it ends by itself."""
        run = _Run(self.made(settings, context), before, enough=len(self.records) if enough is None else enough)
        with run:
            self.feed()
            run.wait(self.time_limit_seconds)
        return run.batches


class _Push:
    """Takes what a source gives."""

    def __init__(self, before: Sequence[Batch], *, slow_seconds: float = 0.0) -> None:
        self.cursors = {batch.end.part: batch.end for batch in before}
        self.cursor: Cursor | None = self.cursors.get("")
        self.batches, self.overlapped = list[Batch](), False
        self._slow, self._busy = slow_seconds, threading.Lock()

    def __call__(self, batch: Batch) -> None:
        if not self._busy.acquire(blocking=False):
            self.overlapped = True
            return
        try:
            time.sleep(self._slow)
            self.batches.append(batch)
        finally:
            self._busy.release()


class _Run:
    """One run of a source in a thread of its own."""

    def __init__(
        self, source: EventSource[Any], before: Sequence[Batch] = (), *, enough: int, slow_seconds: float = 0.0
    ) -> None:
        self.stop = threading.Event()
        self._push, self._enough = _Push(before, slow_seconds=slow_seconds), enough
        self._error: BaseException | None = None
        self._source = source
        self._thread = threading.Thread(target=self._work, name="conformance-source", daemon=True)

    @property
    def batches(self) -> list[Batch]:
        return self._push.batches

    @property
    def overlapped(self) -> bool:
        return self._push.overlapped

    def start(self) -> None:
        self._thread.start()

    def ended(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Until there is enough and, for a moment, no more; or until it ends by itself."""
        end = time.monotonic() + seconds
        while self._thread.is_alive() and len(_records(self.batches)) < self._enough and time.monotonic() < end:
            self._thread.join(0.01)
        self._thread.join(0.1)

    def __enter__(self) -> _Run:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        assert self.ended(10.0), "run() must return soon after `stop` is set"
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        # For the test to judge, in its own thread.
        try:
            self._source.run(self._push, self.stop)
        except BaseException as error:  # noqa: BLE001
            self._error = error


def _records(batches: Iterable[Batch]) -> list[bytes]:
    return [record for batch in batches for record in batch.split()]
