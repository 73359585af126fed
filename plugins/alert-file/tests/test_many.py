"""Many files behind one pattern: whatever is done to them between two runs, every record is read once."""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Batch, SourceError

Maker = Callable[..., Any]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def compress(path: Path) -> None:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    shutil.copystat(path, packed)
    path.unlink()


def test_files_are_read_one_after_the_other_as_they_were_written(logs: Path, make: Maker) -> None:
    for age, name in enumerate(["b.log", "a.log", "c.log", "c.txt"]):
        append(logs / name, name)
        os.utime(logs / name, (1000 + age, 1000 + age))

    first, second = make(f"{logs}/*.log"), make(f"{logs}/*.log")

    assert first.read() == ["b.log", "a.log", "c.log"]
    assert second.read() == first.records
    assert second.places == first.places
    assert len(set(first.places)) == 3


def test_pattern_reaches_into_folders(logs: Path, make: Maker) -> None:
    (logs / "web" / "old").mkdir(parents=True)
    append(logs / "web" / "old" / "a.log", "deep")
    append(logs / "b.log", "here")

    assert sorted(make(f"{logs}/**/*.log").read()) == ["deep", "here"]


def test_file_whose_name_looks_like_a_pattern_is_read(logs: Path, make: Maker) -> None:
    append(logs / "app[1].log", "one")

    assert make(logs / "app[1].log").read() == ["one"]


def test_pattern_that_nothing_fits_gives_nothing(logs: Path, make: Maker) -> None:
    assert make(f"{logs}/*.log").read() == []


def test_file_with_several_names_is_read_once(logs: Path, make: Maker) -> None:
    append(logs / "app-2026.log", "one")
    (logs / "app.log").symlink_to(logs / "app-2026.log")
    os.link(logs / "app-2026.log", logs / "hard.log")
    (logs / "dangling.log").symlink_to(logs / "nothing")
    (logs / "folder.log").mkdir()
    os.mkfifo(logs / "pipe.log")

    assert make(f"{logs}/*.log").read() == ["one"]


def test_each_file_goes_on_where_it_was(logs: Path, make: Maker) -> None:
    program = make(f"{logs}/*.log")
    append(logs / "a.log", "a1")
    append(logs / "b.log", "b1")
    program.read()

    append(logs / "b.log", "b2")
    append(logs / "c.log", "c1")
    append(logs / "a.log", "a2")

    assert sorted(program.read()) == ["a2", "b2", "c1"]
    assert sorted(program.again()) == ["a1", "a2", "b1", "b2", "c1"]


def test_files_that_begin_alike_are_not_taken_for_one(logs: Path, make: Maker) -> None:
    program = make(f"{logs}/*.csv")
    append(logs / "a.csv", "time,computer")
    append(logs / "b.csv", "time,computer")
    program.read()

    append(logs / "a.csv", "a")
    append(logs / "b.csv", "b")
    append(logs / "c.csv", "time,computer", "c")
    program.read()

    assert sorted(program.records) == ["a", "b", "c", *["time,computer"] * 3]
    assert len(set(program.places)) == 6


def test_start_at_the_end_skips_what_is_there_and_nothing_else(logs: Path, make: Maker) -> None:
    program = make(f"{logs}/*.log", start="end")
    append(logs / "a.log", "before")
    append(logs / "b.log", "before")

    program.read()
    append(logs / "a.log", "after")
    append(logs / "c.log", "new")

    assert sorted(program.read()) == ["after", "new"]
    append(logs / "b.log", "later")
    assert program.read() == ["later"]


def test_one_unreadable_file_does_not_stop_the_others(logs: Path, make: Maker) -> None:
    program = make(f"{logs}/*.log*")
    append(logs / "a.log", "a")
    (logs / "b.log.gz").write_bytes(gzip.compress(os.urandom(100_000))[:50_000])
    (logs / "c.log.gz").write_bytes(b"\x1f\x8b rubbish")
    os.utime(logs / "c.log.gz", (1000, 1000))
    append(logs / "d.log", "d")

    with pytest.raises(SourceError, match=r"cannot decompress .*ends in the middle"):
        program.read()

    assert {"a", "d"} <= set(program.records)


def test_files_are_followed_over_rotation_and_new_ones_are_found(
    logs: Path, make: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    program = make(f"{logs}/*.log")
    append(logs / "a.log", "a1")

    with program.following():
        program.wait_for(lambda: program.records == ["a1"])
        writer = (logs / "a.log").open("a")
        (logs / "a.log").rename(logs / "a.log.1")
        append(logs / "a.log", "a3")
        append(logs / "b.log", "b1")
        writer.write("a2\n")
        writer.close()
        program.wait_for(lambda: len(program.records) == 4)
        append(logs / "a.log", "a4")
        shutil.copy(logs / "b.log", logs / "b.log.1")
        append(logs / "b.log.1", "b2")
        (logs / "b.log").write_text("b3 after truncation\n")
        program.wait_for(lambda: len(program.records) == 7)

    assert sorted(program.records) == ["a1", "a2", "a3", "a4", "b1", "b2", "b3 after truncation"]
    assert caplog.messages == []


def test_file_goes_on_under_another_name_that_fits(logs: Path, make: Maker) -> None:
    program = make(f"{logs}/*")
    append(logs / "app.log", "1")

    with program.following():
        program.wait_for(lambda: len(program.records) == 1)
        (logs / "app.log").rename(logs / "app-2026-01-01.log")
        append(logs / "app-2026-01-01.log", "2")
        append(logs / "app.log", "3")
        program.wait_for(lambda: len(program.records) == 3)
        compress(logs / "app-2026-01-01.log")
        append(logs / "app.log", "4")
        program.wait_for(lambda: len(program.records) == 4)
    compress(logs / "app.log")
    append(logs / "app.log", "5")

    assert program.read() == ["5"]
    assert sorted(program.records) == ["1", "2", "3", "4", "5"]


def test_few_files_are_open_however_many_there_are(logs: Path, make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alert_file._files.MOST_OPEN", 5)
    program = make(f"{logs}/*.log")
    for number in range(40):
        append(logs / f"{number}.log", f"{number} first")

    with program.following():
        program.wait_for(lambda: len(program.records) == 40)
        program.wait_for(lambda: _open_below(logs) <= 5)
        for number in range(40):
            append(logs / f"{number}.log", f"{number} second")
        program.wait_for(lambda: len(program.records) == 80)
        (logs / "7.log").unlink()
        append(logs / "8.log", "8 third")
        program.wait_for(lambda: len(program.records) == 81)

    assert len(set(program.records)) == 81


def test_places_of_files_that_are_gone_are_forgotten(logs: Path, make: Maker) -> None:
    program = make(f"{logs}/*.log")
    for name in ("a.log", "b.log"):
        append(logs / name, name)
    program.read()

    (logs / "a.log").unlink()
    program.read()

    assert len(program.cursors) == 1
    assert sorted(program.records) == ["a.log", "b.log"]


def test_stop_is_honoured_while_a_long_file_is_read(logs: Path, make: Maker) -> None:
    (logs / "a.log.gz").write_bytes(gzip.compress(b"line\n" * 2_000_000, 1))
    program, stop = make(f"{logs}/*"), threading.Event()

    def push(batch: Batch) -> None:
        stop.set()

    push.cursors = {}  # type: ignore[attr-defined]
    program.source(follow=False).run(push, stop)

    assert stop.is_set()


def _open_below(folder: Path) -> int:
    links = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(link.readlink()))
        except OSError:
            continue
    return sum(link.startswith(f"{folder}/") for link in links)


class World:
    """Some logs, the programs that write them, and the one that rotates them."""

    def __init__(self, folder: Path, header: str) -> None:
        self.folder, self.header, self.written = folder, header, list[str]()
        self.torn: dict[str, str] = {}

    def path(self, name: str, number: int = 0) -> Path:
        return self.folder / (f"{name}.log" if not number else f"{name}.log.{number}")

    def write(self, name: str, count: int, *, torn: bool = False) -> None:
        text = "" if self.path(name).exists() else self.header
        for _ in range(count):
            line = f"{name}-{len(self.written)}"
            self.written.append(line)
            text += f"{line}\n"
        text = self.torn.pop(name, "") + text
        if torn:
            self.torn[name], text = text[-3:], text[:-3]
        with self.path(name).open("a") as file:
            file.write(text)

    def rotate(self, name: str, *, copy: bool) -> None:
        self.write(name, 1)
        for number in range(20, 0, -1):
            for old in (self.path(name, number), Path(f"{self.path(name, number)}.gz")):
                if old.exists():
                    old.rename(str(old).replace(f".log.{number}", f".log.{number + 1}"))
        if copy:
            shutil.copy(self.path(name), self.path(name, 1))
            self.path(name).write_text("")
        else:
            self.path(name).rename(self.path(name, 1))
        self.write(name, 1)

    def compress(self, name: str) -> None:
        plain = next((path for number in range(20, 0, -1) if (path := self.path(name, number)).exists()), None)
        if plain is not None:
            compress(plain)


names = st.sampled_from(["a", "b"])
actions = st.one_of(
    st.tuples(st.sampled_from(["write", "torn"]), names, st.integers(1, 9)),
    st.tuples(st.sampled_from(["rename", "compress", "truncate", "replace"]), names, st.just(0)),
    st.tuples(st.just("crash"), st.just(""), st.integers(0, 6)),
)


@settings(deadline=None, max_examples=150)
@given(
    pattern=st.sampled_from(["*.log", "*.log*", "*"]),
    header=st.sampled_from(["", "# header\n"]),
    todo=st.lists(actions, max_size=25),
)
def test_every_record_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, make: Maker, pattern: str, header: str, todo: list[tuple[str, str, int]]
) -> None:
    world = World(tmp_path_factory.mktemp("logs"), header)
    program = make(f"{world.folder}/{pattern}")
    world.write("a", 1)
    world.write("b", 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alert_file._piece.BLOCK_BYTES", 24)
        # What was rotated away before the first run does not fit, and what is destroyed before it was read cannot be read.
        program.read()
        for what, name, number in todo:
            if what in ("write", "torn"):
                world.write(name, number, torn=what == "torn")
            elif what == "rename":
                world.rotate(name, copy=False)
            elif what == "compress":
                world.compress(name)
            elif what == "crash":
                program.read(most=number)
            elif world.path(name).exists():
                world.write(name, 1)
                program.read()
                if what == "replace":
                    world.path(name).unlink()
                else:
                    world.path(name).write_text("")
                world.write(name, 2)
                program.read()
        for name in list(world.torn):
            world.write(name, 1)
        program.read()
        program.read()

    streams: dict[str, str] = {}
    for batch in [batch for batch in program.batches if batch.records]:
        text = b"".join(record for record in batch.split() if not record.startswith(b"#")).decode()
        streams[batch.start.origin] = streams.get(batch.start.origin, "") + text
    # Whoever does not follow takes an unfinished line as it is, and what is added to it as another record.
    found = [line for text in streams.values() for line in text.replace("a-", " a-").replace("b-", " b-").split()]
    assert sorted(found) == sorted(world.written)
    if pattern == "*.log":
        for name in ("a", "b"):
            ordered = [line for line in found if line.startswith(name)]
            assert ordered == [line for line in world.written if line.startswith(name)]
    assert len(set(program.places)) == len(program.places)
