from __future__ import annotations

import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Batch, Context, Cursor, EventSource, Push, Settings, SourceError
from alert_core.runtime.spool import Spool
from alert_core.runtime.spooled import Spooled

BATCHES: list[bytes | tuple[bytes, ...]] = [b"one\ntwo\n", (b"datagram", b""), b"three", (b"x" * 300,), b"\x00\xff\n"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def full_disk() -> Iterator[Callable[[int], None]]:
    """Lets every file grow to a size and no further, like a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_senders_and_losses_come_back_as_well(folder: Path) -> None:
    with Spool(folder) as spool:
        kept = [spool.append((b"one",), senders=("192.0.2.1",)), spool.append((), lost=5)]

    with Spool(folder) as spool:
        again = list(spool.read(spool.begin, spool.end))

    assert again == kept
    assert [(batch.senders, batch.lost) for batch in again] == [(("192.0.2.1",), 0), ((), 5)]


def everything(spool: Spool) -> list[bytes | tuple[bytes, ...]]:
    return [batch.records for batch in spool.read(spool.begin, spool.end)]


def test_batches_come_back_as_they_were_appended(folder: Path) -> None:
    with Spool(folder) as spool:
        kept = [spool.append(records) for records in BATCHES]

        assert list(spool.read(spool.begin, spool.end)) == kept
        assert [batch.records for batch in kept] == BATCHES


def test_any_range_can_be_read_again(folder: Path) -> None:
    with Spool(folder, segment_bytes=40) as spool:
        kept = spool.append_many(BATCHES[:2]) + [spool.append(records) for records in BATCHES[2:]]

        for first in range(len(kept)):
            for last in range(first, len(kept)):
                assert list(spool.read(kept[first].start, kept[last].end)) == kept[first : last + 1]


def test_every_record_has_a_position_of_its_own(folder: Path) -> None:
    with Spool(folder) as spool:
        kept = [spool.append((b"",) * 500), spool.append(b"\n".join([b"a"] * 500)), spool.append((b"b",))]

    positions = [batch.locate(index)[0] for batch in kept for index in range(len(batch.split()))]
    assert len(positions) == 1001
    assert sorted(set(positions)) == positions


def test_batch_remembers_when_it_came(folder: Path) -> None:
    before = time.time_ns() // 1000
    with Spool(folder) as spool:
        spool.append(b"one\n")
    with Spool(folder) as spool:
        (batch,) = spool.read(spool.begin, spool.end)

    received = batch.start.hints["received"]
    assert isinstance(received, int)
    assert before <= received <= time.time_ns() // 1000


def test_spool_goes_on_after_it_was_closed(folder: Path) -> None:
    for records in BATCHES:
        with Spool(folder, segment_bytes=30) as spool:
            spool.append(records)

    with Spool(folder) as spool:
        assert everything(spool) == BATCHES


def test_write_torn_at_any_byte_is_cut_off_and_all_before_it_is_kept(tmp_path: Path, folder: Path) -> None:
    with Spool(folder) as spool:
        ends = [0, *(spool.append(records).end.position for records in BATCHES)]
        name = spool.end.origin

    for size in range(ends[-1] + 1):
        torn = Path(shutil.copytree(folder, tmp_path / f"torn-{size}"))
        with (torn / f"{name}.spool").open("r+b") as file:
            file.truncate(size)
        whole = sum(end <= size for end in ends) - 1
        with Spool(torn) as spool:
            assert everything(spool) == BATCHES[:whole]
            spool.append(b"next\n")
            assert everything(spool) == [*BATCHES[:whole], b"next\n"]


@pytest.mark.parametrize("rest", [b"\0" * 500, b"\xff" * 500, b"\0\0\0\5\0\0\0\0hello"], ids=["zeros", "ones", "checksum"])
def test_rubbish_behind_the_last_batch_is_cut_off(folder: Path, rest: bytes) -> None:
    with Spool(folder) as spool:
        spool.append(b"one\n")
    (segment,) = folder.iterdir()
    with segment.open("ab") as file:
        file.write(rest)

    with Spool(folder) as spool:
        spool.append(b"two\n")
        assert everything(spool) == [b"one\n", b"two\n"]


def test_damage_before_the_end_is_an_error_that_says_where(folder: Path) -> None:
    with Spool(folder) as spool:
        kept = [spool.append(b"one\n"), spool.append(b"two\n")]
        (segment,) = folder.iterdir()
        with segment.open("r+b") as file:
            file.seek(kept[1].start.position + 10)
            file.write(b"?")

        with pytest.raises(SourceError) as caught:
            everything(spool)

    assert str(segment) in str(caught.value)
    assert f"damaged at byte {kept[1].start.position}" in str(caught.value)


def test_segments_that_are_no_longer_needed_are_deleted(folder: Path) -> None:
    with Spool(folder, segment_bytes=1) as spool:
        kept = [spool.append(records) for records in BATCHES]

        spool.forget(kept[3].start)

        assert len(list(folder.iterdir())) == 2
        assert list(spool.read(spool.begin, spool.end)) == kept[3:]
        with pytest.raises(SourceError, match="no longer has what is asked for"):
            list(spool.read(kept[0].start, kept[1].end))


def test_segment_in_use_is_never_deleted(folder: Path) -> None:
    with Spool(folder, segment_bytes=1) as spool:
        spool.append(b"one\n")

        spool.forget(Cursor("9999999999-ffffffff", 0))
        spool.append(b"two\n")

        assert everything(spool)[-1] == b"two\n"


def test_names_are_not_used_again_after_the_folder_was_deleted(folder: Path) -> None:
    with Spool(folder) as spool:
        first = spool.append(b"one\n")
    shutil.rmtree(folder)

    with Spool(folder) as spool:
        second = spool.append(b"one\n")

    assert first.start.origin != second.start.origin


def test_full_disk_is_an_error_and_what_was_kept_stays(folder: Path, full_disk: Callable[[int], None]) -> None:
    with Spool(folder) as spool:
        spool.append(b"one\n")
        full_disk(100)
        with pytest.raises(SourceError, match="cannot write to spool"):
            spool.append(b"x" * 1000)
        # No limit again before the test ends: where pytest's output goes to a file, that file has the limit as well.
        full_disk(resource.RLIM_INFINITY)
        spool.append(b"two\n")

        assert everything(spool) == [b"one\n", b"two\n"]


def test_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")

    with pytest.raises(SourceError, match="cannot open spool"):
        Spool(tmp_path / "spool")


records = st.one_of(st.binary(max_size=200), st.lists(st.binary(max_size=40), max_size=5).map(tuple))


@settings(deadline=None, max_examples=30)
@given(batches=st.lists(st.lists(records, min_size=1, max_size=3), max_size=8), segment_bytes=st.integers(1, 300))
def test_anything_comes_back_over_restarts(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes | tuple[bytes, ...]]], segment_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("spool")

    for group in batches:
        with Spool(folder, segment_bytes=segment_bytes) as spool:
            spool.append_many(group)

    with Spool(folder) as spool:
        assert everything(spool) == [item for group in batches for item in group]


class Once(EventSource[Settings]):
    """Pushes what it was given, then ends, waits or fails."""

    name = "once"
    label = "Once"
    rewindable = False

    def __init__(self, given: list[bytes | tuple[bytes, ...]], then: str = "end") -> None:
        super().__init__(Settings(), Context(name="once"))
        self.given, self.then, self.pushed = given, then, 0

    def run(self, push: Push, stop: threading.Event) -> None:
        for records in self.given:
            push(Batch(records, Cursor("mine", 0), Cursor("mine", 1)))
            self.pushed += 1
        if self.then == "wait":
            stop.wait()
        if self.then == "fail":
            raise SourceError("the port is taken")


class Taken:
    """What was handed on."""

    def __init__(self, cursor: Cursor | None = None) -> None:
        self.cursor = cursor
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.cursor = batch.end

    @property
    def records(self) -> list[bytes | tuple[bytes, ...]]:
        return [batch.records for batch in self.batches]


def test_source_that_cannot_be_rewound_can_be_asked_again_through_a_spool(folder: Path) -> None:
    with Spool(folder) as spool:
        source, taken = Spooled(Once(BATCHES), spool), Taken()

        source.run(taken, threading.Event())

        assert taken.records == BATCHES
        assert list(source.read(taken.batches[1].start, taken.batches[3].end)) == taken.batches[1:4]


def test_source_is_shown_what_was_kept_before_it_runs(folder: Path) -> None:
    class Recalling(Once):
        def recall(self, kept: Iterator[Batch]) -> None:
            self.recalled = [batch.records for batch in kept]

    with Spool(folder, segment_bytes=1) as spool:  # one segment for each batch
        for records in BATCHES:
            spool.append(records)
        source = Recalling([])
        Spooled(source, spool).run(Taken(), threading.Event())

    assert source.recalled == BATCHES[-2:]


def test_source_can_tell_how_far_it_is_on_disk(folder: Path) -> None:
    class Looking(Once):
        def run(self, push: Push, stop: threading.Event) -> None:
            self.seen = [push.cursor]
            for records in self.given:
                push(Batch(records, Cursor("mine", 0), Cursor("mine", 1)))
                self.seen.append(push.cursor)

    with Spool(folder) as spool:
        before, source, taken = spool.append(b"earlier\n"), Looking([b"one\n", b"two\n"]), Taken()

        Spooled(source, spool).run(taken, threading.Event())

    assert source.seen == [batch.end for batch in (before, *taken.batches[1:])]


def test_what_was_kept_before_a_crash_comes_first_after_it(folder: Path) -> None:
    with Spool(folder) as spool:
        kept = [spool.append(records) for records in (b"handed on\n", b"not handed on\n")]
    taken = Taken(kept[0].end)

    with Spool(folder) as spool:
        Spooled(Once([b"new\n"]), spool).run(taken, threading.Event())

    assert taken.records == [b"not handed on\n", b"new\n"]


def test_error_of_the_source_comes_after_what_it_gave(folder: Path) -> None:
    source, taken = Spooled(Once(BATCHES, then="fail"), Spool(folder)), Taken()

    with pytest.raises(SourceError, match="the port is taken"):
        source.run(taken, threading.Event())
    source.close()

    assert taken.records == BATCHES


def test_spooled_source_stops_at_once(folder: Path) -> None:
    stop, taken = threading.Event(), Taken()
    with Spool(folder) as spool:
        thread = threading.Thread(target=Spooled(Once(BATCHES, then="wait"), spool).run, args=(taken, stop))
        thread.start()
        deadline = time.monotonic() + 5
        while len(taken.batches) < len(BATCHES) and time.monotonic() < deadline:
            time.sleep(0.002)

        stop.set()
        thread.join(0.5)

        assert not thread.is_alive()
        assert taken.records == BATCHES


def test_source_waits_when_it_is_too_far_ahead(folder: Path) -> None:
    inner = Once([b"x" * 1000] * 50)

    class Slow(Taken):
        ahead = 0

        def __call__(self, batch: Batch) -> None:
            super().__call__(batch)
            time.sleep(0.002)
            self.ahead = max(self.ahead, inner.pushed - len(self.batches))

    taken = Slow()
    with Spool(folder) as spool:
        Spooled(inner, spool, backlog_bytes=3000).run(taken, threading.Event())

    assert len(taken.batches) == 50
    assert taken.ahead <= 4


def test_spool_that_was_replaced_is_reported_and_read_from_its_beginning(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken = Taken(Cursor("0000000007-deadbeef", 100))

    with Spool(folder) as spool:
        Spooled(Once([b"new\n"]), spool).run(taken, threading.Event())

    assert taken.records == [b"new\n"]
    assert "the spool of source once was replaced" in caplog.text


def test_run_that_is_to_end_takes_what_was_received_and_receives_no_more(folder: Path) -> None:
    taken = Taken()
    with Spool(folder) as spool:
        spool.append(b"old\n")

        Spooled(Once([b"new\n"]), spool, receiving=False).run(taken, threading.Event())

    assert taken.records == [b"old\n"]
