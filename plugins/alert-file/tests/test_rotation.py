"""Whatever is done to a log between two runs, together they read every line once and in order."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Batch, Context, Cursor, SourceError
from alert_file.plugin import FileSource
from alert_file.settings import FileSettings


class Reader:
    """A program that reads the log, and is started anew for every reading."""

    def __init__(self, path: Path) -> None:
        self.source = FileSource(FileSettings(path=str(path), follow=False), Context(name="log"))
        self.cursor: Cursor | None = None
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.cursor = batch.end

    def read(self) -> None:
        self.source.run(self, threading.Event())

    @property
    def lines(self) -> list[str]:
        return [line.decode() for batch in self.batches for line in batch.split()]


class Writer:
    """A program that writes numbered lines, and the one that rotates its log."""

    def __init__(self, path: Path, header: str) -> None:
        self.path, self.header, self.lines = path, header, 0
        path.write_text(header)

    def write(self, count: int) -> None:
        with self.path.open("a") as file:
            file.writelines(f"{number}\n" for number in range(self.lines, self.lines + count))
        self.lines += count

    def rename(self) -> None:
        self._shift()
        self.path.rename(self._rotated(1))
        self._begin()

    def copy_and_truncate(self) -> None:
        self._shift()
        shutil.copy(self.path, self._rotated(1))
        self._begin()

    def compress(self, *, keep_time: bool) -> None:
        """Compress the oldest rotated file, as most programs do: with the time of its last write, or that of now."""
        plain = next((path for number in range(30, 0, -1) if (path := self._rotated(number)).exists()), None)
        if plain is not None:
            packed = plain.with_name(plain.name + ".gz")
            packed.write_bytes(gzip.compress(plain.read_bytes()))
            if keep_time:
                shutil.copystat(plain, packed)
            plain.unlink()

    def _begin(self) -> None:
        """A fresh log. It has one line at least: an empty one would tell nobody where it belongs."""
        self.path.write_text(self.header)
        self.write(1)

    def _rotated(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _shift(self) -> None:
        for number in range(30, 0, -1):
            for suffix in ("", ".gz"):
                old = self.path.with_name(f"{self.path.name}.{number}{suffix}")
                if old.exists():
                    old.rename(self.path.with_name(f"{self.path.name}.{number + 1}{suffix}"))


actions = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 60)),
    st.tuples(st.sampled_from(["read", "rename", "copy", "compress"]), st.just(0)),
)


headers = st.sampled_from(["", "# short\n", f"# {'longer than what a place is known by ' * 10}\n"])


@settings(deadline=None, max_examples=100)
@given(header=headers, keep_time=st.booleans(), todo=st.lists(actions, max_size=25))
def test_every_line_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, header: str, keep_time: bool, todo: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("logs") / "app.log"
    writer, reader = Writer(path, header), Reader(path)
    writer.write(1)
    reader.read()

    for what, number in todo:
        if what == "write":
            writer.write(number)
        elif what == "read":
            reader.read()
        elif what == "rename":
            writer.rename()
        elif what == "copy":
            writer.copy_and_truncate()
        else:
            writer.compress(keep_time=keep_time)
    reader.read()
    reader.read()

    assert [line for line in reader.lines if not line.startswith("#")] == [str(number) for number in range(writer.lines)]
    places = [(batch.start.origin, batch.start.position) for batch in reader.batches]
    assert len(set(places)) == len(places)


def test_copy_of_the_current_file_is_read_no_second_time(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("one\n")
    reader = Reader(log)
    reader.read()
    shutil.copy(log, tmp_path / "app.log.1")
    with log.open("a") as file:
        file.write("two\n")

    reader.read()
    reader.read()

    assert reader.lines == ["one", "two"]


def test_rotated_files_that_count_upwards_are_read_in_that_order(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("1\n")
    reader = Reader(log)
    reader.read()
    for number in range(1, 4):
        rotated = log.rename(tmp_path / f"app.log.{number}")
        os.utime(rotated, (1000 + number, 1000 + number))
        log.write_text(f"{number + 1}\n")

    reader.read()

    assert reader.lines == ["1", "2", "3", "4"]


def test_damaged_file_that_may_hold_the_place_is_an_error(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("one\ntwo\n")
    reader = Reader(log)
    reader.read()
    log.unlink()
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"one\ntwo\nthree\n")[:10] + b"\xff" * 50)
    log.write_text("four\n")

    with pytest.raises(SourceError, match="cannot decompress"):
        reader.read()
