"""What was decided, on its way to the disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alert_core import Batch, Cursor, Notification
from alert_core.runtime.journal import RECORDED, Journal
from alert_core.store import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE_SECONDS = 10


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


def note(journal: Journal, position: int, *notifications: Notification) -> None:
    batch = Batch((b"record",), Cursor("stream", position), Cursor("stream", position + 1))
    journal.add("log", batch, NOON, RECORDED)
    journal.add_notifications(notifications, {"test": ("mail", "trap")})


def test_nothing_is_due_while_nothing_was_decided(store: Store) -> None:
    journal = Journal(store, 0, snapshot_seconds=0.02)

    assert journal.seconds_left(behind=False) is None
    assert journal.commit() == ([], [])
    assert not journal.snapshot_due


def test_batches_without_a_notification_wait_a_moment_for_others(store: Store) -> None:
    journal = Journal(store, 0, snapshot_seconds=15)
    note(journal, 0)
    first = journal.seconds_left(behind=False)
    note(journal, 1)
    second = journal.seconds_left(behind=False)

    journal.commit()

    assert first is not None
    assert second is not None
    assert 0 <= second <= first <= 0.02
    assert store.cursor("log") == Cursor("stream", 2)
    assert [batch.number for batch in store.recover().batches] == [1, 2]
    assert journal.seconds_left(behind=False) is None


def test_a_notification_is_committed_at_once_together_with_its_batch_and_its_deliveries(store: Store) -> None:
    journal = Journal(store, 0, snapshot_seconds=15)
    notification = Notification.sample(NOON)
    note(journal, 0)
    note(journal, 1, notification)
    due, due_while_more_waits = journal.seconds_left(behind=False), journal.seconds_left(behind=True)

    committed = journal.commit()

    assert due == 0
    assert due_while_more_waits is not None
    assert due_while_more_waits <= 0.02
    assert committed == ([notification], ["mail", "trap"])
    assert store.pending() == {"mail": 1, "trap": 1}
    assert store.cursor("log") == Cursor("stream", 2)


def test_batches_since_a_snapshot_are_what_a_recovery_reads_again(store: Store) -> None:
    journal = Journal(store, 0, snapshot_seconds=15)
    note(journal, 0)
    journal.commit()
    journal.save(lambda: b"state after the first")
    note(journal, 1)
    journal.commit()

    recovery = store.recover()

    assert (recovery.snapshot, recovery.number) == (b"state after the first", 1)
    assert [batch.start for batch in recovery.batches] == [Cursor("stream", 1)]


def test_a_snapshot_is_due_after_its_time_when_something_was_decided(store: Store) -> None:
    journal = Journal(store, 0, snapshot_seconds=0.02)
    note(journal, 0)
    journal.commit()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not journal.snapshot_due and time.monotonic() < deadline:
        time.sleep(0.002)
    due = journal.snapshot_due

    journal.save(lambda: b"state")

    assert due
    assert not journal.snapshot_due


def test_numbers_go_on_from_the_run_before(store: Store) -> None:
    journal = Journal(store, 41, snapshot_seconds=15)
    note(journal, 0)

    journal.commit()

    assert store.last_number() == 42
