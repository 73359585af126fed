"""Where sources wait for the one thread that decides."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from alert_core import Batch, Cursor
from alert_core.runtime.feed import Feed

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE_SECONDS = 10


def batch(number: int) -> Batch:
    return Batch((b"record",), Cursor("stream", number), Cursor("stream", number + 1))


def test_a_source_that_is_ahead_waits_until_something_is_taken() -> None:
    feed = Feed(ordered=False)
    inlet = feed.add("log", None)
    pushed: list[int] = []
    taken_up = threading.Event()

    def push() -> None:
        for number in range(10):
            inlet(batch(number))
            pushed.append(number)
        taken_up.set()

    source = threading.Thread(target=push)
    source.start()
    assert not taken_up.wait(0.2)
    assert pushed == list(range(8))
    numbers = [taken[1].start.position for _ in range(10) if (taken := feed.take(PATIENCE_SECONDS))]

    source.join(PATIENCE_SECONDS)
    assert numbers == list(range(10))
    assert inlet.cursor == Cursor("stream", 10)


def test_a_source_that_waits_is_let_go_when_nobody_takes_any_more() -> None:
    feed = Feed(ordered=False)
    inlet = feed.add("log", None)
    source = threading.Thread(target=lambda: [inlet(batch(number)) for number in range(10)])
    source.start()

    feed.remove("log")

    source.join(PATIENCE_SECONDS)
    assert not source.is_alive()
    assert feed.take(0) is None


def test_recorded_sources_are_taken_in_the_order_of_their_progress_even_when_the_next_one_is_slow() -> None:
    feed = Feed(ordered=True)
    fast, slow = feed.add("fast", None, START + timedelta(minutes=1)), feed.add("slow", None, START)
    fast(batch(0))
    assert feed.take(0.05) is None

    threading.Timer(0.05, lambda: slow(batch(7))).start()

    taken = feed.take(PATIENCE_SECONDS)
    assert taken is not None
    assert taken[0] is slow


def test_live_sources_do_not_wait_for_a_silent_one() -> None:
    feed = Feed(ordered=False)
    loud, _ = feed.add("loud", None, START + timedelta(minutes=1)), feed.add("silent", None, START)
    loud(batch(0))

    taken = feed.take(PATIENCE_SECONDS)

    assert taken is not None
    assert taken[0] is loud


def test_a_source_that_has_ended_is_not_waited_for() -> None:
    feed = Feed(ordered=True)
    going, ended = feed.add("going", None, START + timedelta(minutes=1)), feed.add("ended", None, START)
    going(batch(0))
    ended.end()

    taken = feed.take(PATIENCE_SECONDS)

    assert taken is not None
    assert taken[0] is going
    assert not feed.exhausted
    going.end()
    assert feed.exhausted
    assert feed.take(None) is None


def test_a_source_reads_on_where_each_of_its_parts_was() -> None:
    inlet = Feed(ordered=False).add("logs", {"a": Cursor("one", 5, part="a")})
    ended = Cursor("one", 5, part="a")

    inlet(Batch(b"x\n", Cursor("two", 0, part="b"), Cursor("two", 2, part="b")))
    inlet(Batch(b"", ended, ended, ended=True))

    assert inlet.cursors == {"b": Cursor("two", 2, part="b")}
    assert inlet.cursor is None
