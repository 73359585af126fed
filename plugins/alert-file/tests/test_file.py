from __future__ import annotations

import gzip
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from alert_core import Batch, Context, Cursor, SourceError
from alert_file.plugin import FileSource
from alert_file.settings import FileSettings


class Taken:
    """What a source handed over."""

    def __init__(self, cursor: Cursor | None = None) -> None:
        self.cursor = cursor
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.cursor = batch.end

    @property
    def data(self) -> bytes:
        return b"".join(batch.records for batch in self.batches if isinstance(batch.records, bytes))

    @property
    def lines(self) -> list[str]:
        return [line.decode() for batch in self.batches for line in batch.split()]


def make_source(path: Path, **settings: object) -> FileSource:
    return FileSource(FileSettings.model_validate({"path": str(path), **settings}), Context(name="log"))


def read_once(path: Path, cursor: Cursor | None = None, **settings: object) -> Taken:
    taken = Taken(cursor)
    make_source(path, follow=False, **settings).run(taken, threading.Event())
    return taken


@contextmanager
def following(path: Path, cursor: Cursor | None = None, **settings: object) -> Iterator[Taken]:
    taken, stop, errors = Taken(cursor), threading.Event(), []

    def run() -> None:
        try:
            make_source(path, **settings).run(taken, stop)
        except SourceError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield taken
    finally:
        stop.set()
        thread.join(5)
    assert errors == []
    assert not thread.is_alive()


def wait_for(reached: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.002)
    assert reached()


def numbered(first: int, last: int, width: int = 0) -> str:
    return "".join(f"line {number} {'x' * width}\n" for number in range(first, last))


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def compress(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    with path.open("rb") as plain, gzip.open(packed, "wb") as file:
        shutil.copyfileobj(plain, file)
    shutil.copystat(path, packed)
    path.unlink()
    return packed


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def test_file_is_handed_over_in_blocks_of_whole_lines(log: Path) -> None:
    log.write_text(numbered(0, 5000, 50))

    taken = read_once(log)

    assert taken.data == log.read_bytes()
    assert len(taken.batches) > 1
    assert all(batch.records.endswith(b"\n") and len(batch.records) <= 65536 for batch in taken.batches)
    assert [batch.start.position for batch in taken.batches[1:]] == [batch.end.position for batch in taken.batches[:-1]]
    assert taken.cursor is not None
    assert taken.cursor.position == log.stat().st_size


def test_last_line_without_line_feed_is_delivered_when_not_following(log: Path) -> None:
    log.write_text("one\ntwo")

    taken = read_once(log)

    assert taken.lines == ["one", "two"]


def test_line_completed_after_a_run_goes_on_where_that_stopped(log: Path) -> None:
    log.write_text("begun")
    first = read_once(log)
    append(log, " and ended\nnext\n")

    second = read_once(log, first.cursor)

    assert first.data + second.data == b"begun and ended\nnext\n"


def test_last_line_without_line_feed_waits_when_following(log: Path) -> None:
    log.write_text("one\ntw")

    with following(log) as taken:
        wait_for(lambda: taken.lines == ["one"])
        append(log, "o\n")
        wait_for(lambda: len(taken.lines) > 1)

    assert taken.lines == ["one", "two"]


@pytest.mark.parametrize("follow", [True, False])
def test_empty_file_gives_nothing(log: Path, follow: bool) -> None:
    log.touch()

    if follow:
        with following(log) as taken:
            append(log, "first\n")
            wait_for(lambda: taken.lines == ["first"])
    else:
        assert read_once(log).batches == []


def test_missing_file_is_an_error_that_says_what_to_do(log: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_once(log)

    assert str(caught.value) == f"'{log}' does not exist; check the path, or set follow = true to wait for it"


def test_missing_file_is_waited_for_when_following(log: Path) -> None:
    with following(log) as taken:
        log.write_text("hello\n")
        wait_for(lambda: taken.lines == ["hello"])


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: os.mkfifo(path)], ids=["folder", "pipe"])
def test_what_is_no_regular_file_is_refused(log: Path, make: Callable[[Path], None]) -> None:
    make(log)

    with pytest.raises(SourceError, match=r"app\.log"):
        read_once(log)


@pytest.mark.parametrize("length", [70_000, 300_000, 17 * 1024 * 1024])
def test_long_lines_are_not_lost(log: Path, length: int) -> None:
    log.write_bytes(b"short\n" + b"x" * length + b"\nafter\n")

    taken = read_once(log)

    assert taken.data == log.read_bytes()
    assert taken.lines[0] == "short"
    assert taken.lines[-1] == "after"


def test_start_at_the_end_begins_with_a_whole_line(log: Path) -> None:
    log.write_text(numbered(0, 300) + "half a li" + "x" * 9000)

    taken = read_once(log, start="end")

    assert taken.lines == ["half a li" + "x" * 9000]


def test_restart_goes_on_at_the_cursor(log: Path) -> None:
    log.write_text(numbered(0, 10))
    first = read_once(log)
    append(log, numbered(10, 12))

    second = read_once(log, first.cursor)

    assert second.lines == ["line 10 ", "line 11 "]
    assert second.batches[0].start.origin == first.batches[0].start.origin


def test_origin_is_the_same_for_a_copy_a_renamed_and_a_compressed_file(log: Path) -> None:
    log.write_text(numbered(0, 10))
    origin = read_once(log).batches[0].start.origin
    copy = Path(shutil.copy(log, log.with_name("copy.log")))
    renamed = log.rename(log.with_name("other.log"))
    packed = compress(Path(shutil.copy(renamed, log.with_name("packed.log"))))

    origins = [read_once(path).batches[0].start.origin for path in (copy, renamed, packed)]

    assert origins == [origin] * 3


def test_gzip_is_read_with_the_cursors_of_the_plain_file(log: Path) -> None:
    log.write_text(numbered(0, 20_000))
    plain = read_once(log)
    packed = compress(log)

    unpacked = read_once(packed)

    assert unpacked.data == plain.data
    assert [(batch.start.origin, batch.end.position) for batch in unpacked.batches] == [
        (batch.start.origin, batch.end.position) for batch in plain.batches
    ]


def test_torn_gzip_is_an_error_after_what_could_be_read(log: Path) -> None:
    log.write_text("".join(f"{os.urandom(20).hex()}\n" for _ in range(9000)))
    whole = log.read_bytes()
    packed = compress(log)
    packed.write_bytes(packed.read_bytes()[:-5000])
    taken = Taken()

    with pytest.raises(SourceError, match="ends in the middle of its compressed data"):
        make_source(packed, follow=False).run(taken, threading.Event())

    assert len(taken.data) > 10_000
    assert whole.startswith(taken.data)


def test_rotation_by_renaming_loses_and_repeats_nothing(log: Path) -> None:
    log.write_text(numbered(0, 10))

    with following(log) as taken:
        wait_for(lambda: len(taken.lines) == 10)
        for turn in range(1, 6):
            writer = log.open("a")
            log.rename(log.with_name(f"app.log.{turn}"))
            writer.write(f"late {turn}\n")
            writer.close()
            log.write_text(f"first of {turn}\n")
            wait_for(lambda turn=turn: f"first of {turn}" in taken.lines)

    expected = numbered(0, 10).splitlines()
    for turn in range(1, 6):
        expected += [f"late {turn}", f"first of {turn}"]
    assert taken.lines == expected


def test_last_line_of_a_rotated_file_is_delivered_without_line_feed(log: Path) -> None:
    log.write_text("one\ntwo")

    with following(log) as taken:
        wait_for(lambda: taken.lines == ["one"])
        log.rename(log.with_name("app.log.1"))
        log.write_text("three\n")
        wait_for(lambda: "three" in taken.lines)

    assert taken.lines == ["one", "two", "three"]


def test_truncation_is_noticed_and_read_from_the_beginning(log: Path) -> None:
    log.write_text(numbered(0, 10))

    with following(log) as taken:
        wait_for(lambda: len(taken.lines) == 10)
        log.write_text("new\n")
        wait_for(lambda: len(taken.lines) == 11)

    assert taken.lines[-1] == "new"


def test_copy_and_truncate_finishes_the_copy_first(log: Path) -> None:
    log.write_text(numbered(0, 10))
    first = read_once(log)
    append(log, numbered(10, 20))
    shutil.copy(log, log.with_name("app.log.1"))
    log.write_text("first of the new\n")

    second = read_once(log, first.cursor)

    assert second.lines == [*numbered(10, 20).splitlines(), "first of the new"]


def test_file_that_begins_like_the_one_before_gets_an_origin_of_its_own(log: Path) -> None:
    log.write_text("# header\none\n")

    with following(log) as taken:
        wait_for(lambda: len(taken.lines) == 2)
        log.rename(log.with_name("app.log.1"))
        log.write_text("# header\ntwo\n")
        wait_for(lambda: len(taken.lines) == 4)
        log.write_text("# header\n3\n")
        wait_for(lambda: len(taken.lines) == 6)

    origins = list(dict.fromkeys(batch.start.origin for batch in taken.batches))
    assert taken.lines == ["# header", "one", "# header", "two", "# header", "3"]
    assert origins == [origins[0], f"{origins[0]}-1", f"{origins[0]}-2"]


def test_restart_after_rotations_reads_all_that_came_between_in_order(log: Path) -> None:
    log.write_text("# header\n" + numbered(0, 10))
    first = read_once(log)
    append(log, numbered(10, 20))
    log.rename(log.with_name("app.log.3"))
    compress(log.with_name("app.log.3"))
    log.write_text("# header\n" + numbered(20, 30))
    log.rename(log.with_name("app.log.2"))
    compress(log.with_name("app.log.2"))
    log.write_text("# header\n" + numbered(30, 40))
    log.rename(log.with_name("app.log.1"))
    log.write_text("# header\n" + numbered(40, 50))
    log.with_name("app.log.bak").write_text("not ours\n")

    second = read_once(log, first.cursor)

    assert [line for line in first.lines + second.lines if line != "# header"] == numbered(0, 50).splitlines()
    assert read_once(log, second.cursor).lines == []


def test_restart_with_dated_rotations_reads_them_by_date(log: Path) -> None:
    log.write_text(numbered(0, 3))
    first = read_once(log)
    log.rename(log.with_name("app.log-20260101"))
    for day, part in (("20260102", (3, 6)), ("20260103", (6, 9))):
        log.with_name(f"app.log-{day}").write_text(numbered(*part))
    log.write_text(numbered(9, 12))

    second = read_once(log, first.cursor)

    assert first.lines + second.lines == numbered(0, 12).splitlines()


def test_copy_of_the_finished_file_is_not_read_again(log: Path) -> None:
    log.write_text(numbered(0, 10))

    with following(log) as taken:
        wait_for(lambda: len(taken.lines) == 10)
        shutil.copy(log, log.with_name("app.log.2"))
        log.rename(log.with_name("app.log.1"))
        compress(log.with_name("app.log.1"))
        os.utime(log.with_name("app.log.1.gz"))
        log.write_text("new\n")
        wait_for(lambda: "new" in taken.lines)

    assert taken.lines == [*numbered(0, 10).splitlines(), "new"]


def test_file_gone_for_good_is_reported_and_reading_goes_on(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    log.write_text(numbered(0, 10))
    first = read_once(log)
    log.unlink()
    log.write_text("other\n")

    second = read_once(log, first.cursor)

    assert second.lines == ["other"]
    assert "is gone: truncated, or rotated away" in caplog.text


def test_range_is_read_again_from_wherever_it_went(log: Path) -> None:
    log.write_text("# header\n" + numbered(0, 20_000))
    taken = read_once(log)
    source = make_source(log)

    def again() -> list[bytes | tuple[bytes, ...]]:
        return [batch.records for original in taken.batches for batch in source.read(original.start, original.end)]

    expected = [batch.records for batch in taken.batches]
    assert again() == expected
    log.rename(log.with_name("app.log.1"))
    log.write_text("# header\n" + numbered(20_000, 60_000))
    assert again() == expected
    compress(log.with_name("app.log.1"))
    assert again() == expected


def test_range_over_several_blocks_gives_exactly_its_bytes(log: Path) -> None:
    log.write_text(numbered(0, 30_000) + "no line feed")
    taken = read_once(log)
    start, end = taken.batches[1].start, taken.batches[-1].end

    batches = list(make_source(log).read(start, end))

    assert b"".join(batch.records for batch in batches) == log.read_bytes()[start.position :]
    assert batches[0].start.position == start.position
    assert batches[-1].end.position == end.position


def test_range_of_a_lost_file_is_an_error_that_says_what_to_do(log: Path) -> None:
    log.write_text(numbered(0, 10))
    batch = read_once(log).batches[0]
    log.write_text("other\n")

    with pytest.raises(SourceError) as caught:
        list(make_source(log).read(batch.start, batch.end))

    assert str(log) in str(caught.value)
    assert "bring back the file that holds them" in str(caught.value)


def test_stop_is_honoured_at_once(log: Path) -> None:
    log.write_text("one\n")

    with following(log) as taken:
        wait_for(lambda: taken.lines == ["one"])
        started = time.monotonic()

    assert time.monotonic() - started < 0.2


def test_new_line_is_seen_within_a_few_milliseconds(log: Path) -> None:
    delays = []
    log.write_text("start\n")

    with following(log) as taken:
        wait_for(lambda: taken.lines == ["start"])
        for number in range(50):
            append(log, f"{number}\n")
            written = time.monotonic()
            wait_for(lambda number=number: taken.lines[-1] == str(number))
            delays.append(time.monotonic() - written)

    assert sorted(delays)[25] < 0.05


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "Field required"),
        ({"path": ""}, "at least 1 character"),
        ({"path": "-"}, 'use type = "stdin"'),
        ({"path": "a\0b"}, "null character"),
        ({"path": "a", "start": "middle"}, "'beginning' or 'end'"),
        ({"path": "a", "folow": True}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        FileSettings.model_validate(settings)
