from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from alert_core import Cursor, Notification, StoreError
from alert_core.store import BatchRecord, Commit, NewDelivery, Store

NOON = datetime(2024, 3, 1, 12, 0, 0, 123457, tzinfo=UTC)


def _notification(id: str, time: datetime = NOON) -> Notification:
    return msgspec.structs.replace(Notification.sample(time), id=id)


def _batch(number: int, source: str = "log") -> BatchRecord:
    start, end = Cursor("file", number * 10, {"path": "/var/log/x"}), Cursor("file", number * 10 + 10, {"path": "/var/log/x"})
    return BatchRecord(number, source, start, end, NOON)


def test_commit_is_read_back_as_it_was_written(store: Store) -> None:
    advance = BatchRecord(3, "", None, None, NOON, "advance")

    store.write(Commit([_batch(1), _batch(2, "traps"), advance], [_notification("a")], [NewDelivery("a", "mail")]))

    assert store.recover().batches == [_batch(1), _batch(2, "traps"), advance]
    assert store.cursor("log") == Cursor("file", 20, {"path": "/var/log/x"})
    assert store.cursor("traps") == Cursor("file", 30, {"path": "/var/log/x"})
    assert store.cursor("unknown") is None
    assert store.last_number() == 3
    assert [entry.notification for entry in store.entries()] == [_notification("a")]


def test_each_part_of_a_source_has_a_cursor_until_it_ends(store: Store) -> None:
    one, two = Cursor("file", 10, part="one.log"), Cursor("file", 20, part="two.log")
    store.write(Commit([BatchRecord(1, "logs", one, one, NOON), BatchRecord(2, "logs", two, two, NOON)]))
    before = store.cursors("logs")

    store.write(Commit([BatchRecord(3, "logs", two, two, NOON, ended=True)]))

    assert before == {"one.log": one, "two.log": two}
    assert store.cursors("logs") == {"one.log": one}
    assert store.cursor("logs") is None


def test_deciding_the_same_twice_changes_nothing(store: Store) -> None:
    first = Commit([_batch(1)], [_notification("a"), _notification("b")], [NewDelivery("a", "mail")])
    again = Commit([_batch(2)], [_notification("b"), _notification("c")], [NewDelivery("a", "mail"), NewDelivery("c", "mail")])

    new = [store.write(first), store.write(again)]

    assert new == [2, 1]
    assert store.pending() == {"mail": 2}
    assert len(list(store.entries())) == 3


def test_failed_commit_leaves_nothing_behind(store: Store) -> None:
    store.write(Commit([_batch(1)]))

    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.write(Commit([_batch(2)], [_notification("a")], [NewDelivery("unknown", "mail")]))

    assert store.last_number() == 1
    assert list(store.entries()) == []
    assert store.write(Commit([_batch(2)], [_notification("a")], [NewDelivery("a", "mail")])) == 1


def test_two_newest_snapshots_are_kept_and_the_batches_since_the_older(store: Store) -> None:
    store.write(Commit([_batch(number) for number in range(1, 11)]))

    for number in (3, 5, 8):
        store.save_snapshot(number, b"state %d" % number)

    newest, older, nothing = store.recover(), store.recover(before=8), store.recover(before=5)
    assert (newest.snapshot, newest.number, newest.batches) == (b"state 8", 8, [_batch(9), _batch(10)])
    assert (older.snapshot, older.number, len(older.batches)) == (b"state 5", 5, 5)
    assert (nothing.snapshot, nothing.number, len(nothing.batches)) == (None, 0, 5)


def test_first_snapshot_forgets_no_batch(store: Store) -> None:
    store.write(Commit([_batch(1), _batch(2)]))

    store.save_snapshot(2, b"")

    assert len(store.recover(before=2).batches) == 2


def test_numbers_go_on_after_a_snapshot_that_forgot_every_batch(store: Store) -> None:
    store.write(Commit([_batch(1)]))
    store.save_snapshot(1, b"")
    store.save_snapshot(1, b"again")
    store.save_snapshot(7, b"")

    assert store.last_number() == 7


def test_revisions_are_kept_as_first_written(store: Store) -> None:
    store.remember_revisions([("outbreak", "0123456789ab", '{"count": 5}')])
    store.remember_revisions([("outbreak", "0123456789ab", '{"count": 6}'), ("other", "0123456789ab", "{}")])
    store.remember_revisions([])

    assert store.revision("outbreak", "0123456789ab") == '{"count": 5}'
    assert store.revision("outbreak", "ffffffffffff") is None


def test_what_was_written_survives_kill_9_and_what_was_not_leaves_no_trace(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
import msgspec
from datetime import UTC, datetime
from alert_core import Cursor, Notification
from alert_core.store import BatchRecord, Commit, NewDelivery, Store
store = Store.open(Path(sys.argv[1]))
sample = Notification.sample()
for number in range(1, 100_000):
    batch = BatchRecord(number, "log", None, Cursor("file", number), datetime.now(UTC))
    notification = msgspec.structs.replace(sample, id=str(number))
    store.write(Commit([batch], [notification], [NewDelivery(str(number), "mail")]))
    print(number, flush=True)
"""
    running = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    with running, running.stdout as lines:
        for line in lines:
            if int(line) == 25:
                os.kill(running.pid, signal.SIGKILL)
                break
        confirmed = max([25, *(int(line) for line in lines)])

    with Store.open(tmp_path) as store:
        last = store.last_number()
        assert last >= confirmed
        assert store.cursor("log") == Cursor("file", last)
        assert store.pending() == {"mail": last}
        assert len(list(store.entries())) == last


def test_times_are_exact_to_the_microsecond_in_any_zone(store: Store) -> None:
    from datetime import timezone

    local = datetime(2261, 7, 4, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    store.write(Commit([], [_notification("a", local)]))

    kept = next(store.entries()).notification

    assert kept.time == local
    assert kept.time.utcoffset() == timedelta(0)
