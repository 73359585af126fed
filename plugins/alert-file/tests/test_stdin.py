from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from alert_core import Batch, Context, Cursor
from alert_file.plugin import StdinSource
from alert_file.settings import StdinSettings


class Taken:
    """What a source handed over."""

    cursor: Cursor | None = None

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    reading, writing = os.pipe()
    with os.fdopen(reading) as standard_input:
        monkeypatch.setattr(sys, "stdin", standard_input)
        yield writing


def make_source(**settings: object) -> StdinSource:
    return StdinSource(StdinSettings.model_validate(settings), Context(name="standard-input"))


def records(taken: Taken) -> list[str]:
    return [record.decode() for batch in taken.batches for record in batch.split()]


def test_lines_are_read_until_the_input_ends(pipe: int) -> None:
    taken = Taken()
    os.write(pipe, b"one\ntwo\nlast")
    os.close(pipe)

    make_source().run(taken, threading.Event())

    assert [line for batch in taken.batches for line in batch.split()] == [b"one", b"two", b"last"]
    assert taken.batches[-1].end.position == 12


def test_line_in_two_writes_arrives_whole(pipe: int) -> None:
    taken = Taken()
    thread = threading.Thread(target=make_source().run, args=(taken, threading.Event()))
    thread.start()

    os.write(pipe, b"one\ntw")
    deadline = time.monotonic() + 5
    while not taken.batches and time.monotonic() < deadline:
        time.sleep(0.002)
    os.write(pipe, b"o\n")
    os.close(pipe)
    thread.join(5)

    assert [batch.records for batch in taken.batches] == [b"one\n", b"two\n"]


def test_encoding_and_records_of_several_lines_are_understood(pipe: int) -> None:
    taken = Taken()
    os.write(pipe, "# eins\r\n  zwölf\n# zwei\n".encode("utf-16"))
    os.close(pipe)

    make_source(multiline={"start": "^#"}).run(taken, threading.Event())

    assert records(taken) == ["# eins\n  zwölf", "# zwei"]


def test_record_of_several_lines_is_not_waited_for_for_ever(pipe: int) -> None:
    taken = Taken()
    source = make_source(multiline={"start": "^#", "flush_seconds": 0.2})
    thread = threading.Thread(target=source.run, args=(taken, threading.Event()))
    thread.start()

    os.write(pipe, b"# one\n  more\n")
    deadline = time.monotonic() + 5
    while not taken.batches and time.monotonic() < deadline:
        time.sleep(0.002)
    os.close(pipe)
    thread.join(5)

    assert records(taken) == ["# one\n  more"]


def test_two_bytes_and_nothing_more_are_a_record(pipe: int) -> None:
    taken = Taken()
    os.write(pipe, b"ab")
    os.close(pipe)

    make_source().run(taken, threading.Event())

    assert records(taken) == ["ab"]


def test_stop_is_honoured_while_nothing_comes(pipe: int) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=make_source().run, args=(Taken(), stop))
    thread.start()

    stop.set()
    thread.join(0.5)

    assert not thread.is_alive()
    os.close(pipe)


def test_standard_input_cannot_be_rewound() -> None:
    source = make_source()

    assert not source.rewindable
    with pytest.raises(NotImplementedError):
        source.read(Cursor("stdin", 0), Cursor("stdin", 1))
