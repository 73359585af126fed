"""Conditions, sources and formats that do one thing wrong, and the test of the kit that finds them out."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import Field

from alert_core import (
    Batch,
    Condition,
    Context,
    Cursor,
    Evaluator,
    Event,
    EventSource,
    Firing,
    Format,
    Message,
    Push,
    Settings,
    SourceError,
    unparsed,
)
from alert_core.projection import BlockDecoder, Projection
from alert_core.testing import ConditionConformance, FormatConformance, SourceConformance
from alert_core.testing.component import ComponentConformance

pytestmark = pytest.mark.once

Check = Callable[..., None]
START = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Makes one test of a kit for another class than the good one."""
    monkeypatch.chdir(tmp_path)
    context = Context(name="conformance", state_folder=tmp_path / "state", program_folder=tmp_path / "bin")

    def check(test: str, kit: type[Any], cls: type[Any], **changes: Any) -> None:
        changed = type("ChangedKit", (kit,), {kit.kind: cls, **changes})()
        if hasattr(kit, "records"):
            Path("records.txt").write_bytes(b"".join(record + b"\n" for record in changed.records))
        offered = {"context": context, "monkeypatch": monkeypatch, "filled": changed.settings}
        method = getattr(changed, test)
        method(**{name: offered[name] for name in inspect.signature(method).parameters})

    return check


def names_in(kit: type[Any]) -> list[str]:
    return [name for name in dir(kit) if name.startswith("test_") and name not in dir(ComponentConformance)]


# --- conditions


@dataclass
class Seen:
    events: int = 0
    since: datetime | None = None


class PairEvaluator(Evaluator[Seen]):
    """Fires at every second event of a computer, or a minute after the first of two."""

    timed = True

    def key(self, event: Any) -> str:
        return str(event.computer)

    def new_state(self) -> Seen:
        return Seen()

    def on_event(self, key: str, state: Seen, event: Any) -> Firing | None:
        state.events += 1
        state.since = state.since or event.time
        return self.fired(key, state, event.time) if state.events >= 2 else None

    def fired(self, key: str, state: Seen, at: datetime) -> Firing:
        state.events, state.since = 0, None
        return Firing(key=key, time=at)

    def next_timer(self, state: Seen) -> datetime | None:
        return state.since + timedelta(minutes=1) if state.since else None

    def on_timer(self, key: str, state: Seen, at: datetime) -> Firing | None:
        due = self.next_timer(state)
        return self.fired(key, state, due) if due and due <= at else None

    def dump(self, state: Seen) -> bytes:
        return msgspec.msgpack.encode((1, state.events, state.since))

    def load(self, raw: bytes) -> Seen:
        _, events, since = msgspec.msgpack.decode(raw, type=tuple[int, int, datetime | None])
        return Seen(events, since)


class PairCondition(Condition[Settings]):
    """Two events of one computer, or one that stays alone."""

    name = "pair"
    label = "Pair"
    evaluator_type: type[PairEvaluator] = PairEvaluator

    def evaluator(self) -> Evaluator[Any]:
        return self.evaluator_type()


class PairKit(ConditionConformance):
    hostile_count = 30

    def events(self) -> Sequence[Event]:
        computers = ("a", "b", "a", "a", "c", "a")
        return [
            Event(time=START + timedelta(seconds=10 * number), type="x", id=f"{number}", computer=computer)
            for number, computer in enumerate(computers)
        ]


class Forgetful(PairEvaluator):
    def dump(self, state: Seen) -> bytes:
        return msgspec.msgpack.encode((1, 0, None))


class Hurried(PairEvaluator):
    def on_event(self, key: str, state: Seen, event: Any) -> Firing | None:
        firing = super().on_event(key, state, event)
        return firing and Firing(key=key, time=datetime.fromtimestamp(time.time(), UTC))


class Fragile(PairEvaluator):
    def key(self, event: Any) -> str:
        return str(event.computer.encode("ascii").decode())


class Growing(PairEvaluator):
    def dump(self, state: Seen) -> bytes:
        return msgspec.msgpack.encode((1, state.events + 1, state.since))


class Repeating(PairEvaluator):
    def on_timer(self, key: str, state: Seen, at: datetime) -> Firing | None:
        return Firing(key=key, time=state.since) if state.since else None


class Speechless(PairCondition):
    def message(self, firing: Firing) -> Message:
        return Message("", "")


def with_evaluator(evaluator: type[PairEvaluator]) -> type[PairCondition]:
    return type("Changed", (PairCondition,), {"evaluator_type": evaluator})


class Never(PairEvaluator):
    def on_event(self, key: str, state: Seen, event: Any) -> Firing | None:
        return None


@pytest.mark.parametrize("test", names_in(ConditionConformance))
def test_good_condition_passes(test: str, check: Check) -> None:
    check(test, PairKit, PairCondition)


@pytest.mark.parametrize(
    ("test", "condition", "problem"),
    [
        ("test_events_meet_it_and_it_finds_words", with_evaluator(Never), "must meet the condition"),
        ("test_events_meet_it_and_it_finds_words", Speechless, "has a subject"),
        ("test_decisions_need_no_clock_and_no_chance", with_evaluator(Hurried), "knows no clock"),
        ("test_state_survives_a_restart_after_every_event", with_evaluator(Forgetful), ""),
        ("test_state_survives_a_restart_after_every_event", with_evaluator(Growing), "load() does not give back"),
        ("test_hostile_events_are_taken", with_evaluator(Fragile), "the evaluator raised UnicodeEncodeError"),
        ("test_late_and_double_wake_ups_change_no_decision", with_evaluator(Repeating), "a second wake-up"),
    ],
)
def test_faulty_condition_is_found_out(test: str, condition: type[Any], problem: str, check: Check) -> None:
    with pytest.raises(AssertionError) as found:
        check(test, PairKit, condition)

    assert problem in str(found.value)


# --- formats


class WordsFormat(Format[Settings]):
    """A time and a type."""

    name = "words"
    label = "Words"

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return [self.event(record) for record in records]

    def event(self, record: bytes) -> Event:
        try:
            time, _, type = record.decode().partition(" ")
            return Event(time=datetime.fromisoformat(time).astimezone(UTC), type=type)
        except (ValueError, OverflowError) as error:
            return unparsed(record, str(error))


class WordsKit(FormatConformance):
    records = (b"2026-03-14T15:09:26+00:00 login", b"2026-03-14T15:09:27+01:00 logout")
    hostile_count = 300


class Raising(WordsFormat):
    def event(self, record: bytes) -> Event:
        time, _, type = record.decode().partition(" ")
        return Event(time=datetime.fromisoformat(time).astimezone(UTC), type=type)


class Dropping(WordsFormat):
    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return [event for event in super().decode(records) if event.type != "unparsed"]


class Losing(WordsFormat):
    def event(self, record: bytes) -> Event:
        event = super().event(record)
        return msgspec.structs.replace(event, raw="")


class Zoneless(WordsFormat):
    def event(self, record: bytes) -> Event:
        event = super().event(record)
        return msgspec.structs.replace(event, time=event.time.replace(tzinfo=None))


class Remembering(WordsFormat):
    def decode(self, records: Sequence[bytes]) -> list[Event]:
        events = super().decode(records)
        seen = 0
        for place, event in enumerate(events):
            seen += event.type == "unparsed"
            events[place] = msgspec.structs.replace(event, count=1 + seen)
        return events


class Surrogates(WordsFormat):
    def event(self, record: bytes) -> Event:
        return Event(time=START, type=record.decode("utf-8", "surrogateescape"))


class Stuttering(WordsFormat):
    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return [event for event in super().decode(records) for _ in range(2)]


class Quick(WordsFormat):
    """Reads blocks of what it understands at once."""

    offset = 0

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        def decode(block: bytes) -> Sequence[Any]:
            events = self.decode([record for record in block.split(b"\n") if record.strip()])
            if any(event.type == "unparsed" for event in events):
                raise msgspec.ValidationError("not for the fast way")
            return [projection.project(msgspec.structs.replace(event, count=1 + self.offset)) for event in events]

        return decode


class Deceptive(Quick):
    offset = 1


def test_good_format_with_a_fast_way_passes(check: Check) -> None:
    check("test_faster_way_says_what_the_whole_event_says", WordsKit, Quick)


@pytest.mark.parametrize("test", [name for name in names_in(FormatConformance) if "faster" not in name])
def test_good_format_passes(test: str, check: Check) -> None:
    check(test, WordsKit, WordsFormat)


KEPT = "test_spoilt_record_is_kept_and_never_raised"


@pytest.mark.parametrize(
    ("test", "format", "problem"),
    [
        ("test_records_become_events", Stuttering, "4 events from 2 records"),
        ("test_records_become_events", Zoneless, "times have a time zone"),
        (KEPT, Raising, "Invalid isoformat string"),
        (KEPT, Dropping, "0 events from the record"),
        (KEPT, Losing, "nothing is left of the record"),
        (KEPT, Surrogates, "surrogates not allowed"),
        ("test_spoilt_record_does_not_harm_its_neighbours", Remembering, "after the record"),
        ("test_faster_way_says_what_the_whole_event_says", Deceptive, "the record b'2026-03-14"),
    ],
)
def test_faulty_format_is_found_out(test: str, format: type[Any], problem: str, check: Check) -> None:
    with pytest.raises((AssertionError, ValueError)) as found:
        check(test, WordsKit, format)

    assert problem in str(found.value)


# --- sources


class LinesSettings(Settings):
    path: Path = Field(title="File", description="Where the lines are.")


class LinesSource(EventSource[LinesSettings]):
    """Two lines of a file at a time."""

    name = "lines"
    label = "Lines"

    def run(self, push: Push, stop: threading.Event) -> None:
        for batch in self.batches(push.cursor.position if push.cursor else 0):
            if stop.is_set():
                return
            push(batch)

    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        return (batch for batch in self.batches(start.position) if batch.end.position <= end.position)

    def batches(self, position: int) -> Iterator[Batch]:
        try:
            lines = self.settings.path.read_bytes()[position:].splitlines(keepends=True)
        except OSError as error:
            raise SourceError(f"cannot read {self.settings.path}") from error
        for first in range(0, len(lines), 2):
            block = b"".join(lines[first : first + 2])
            start, position = position, position + len(block)
            yield Batch(block, Cursor("file", start), Cursor("file", position))


class LinesKit(SourceConformance):
    settings = {"path": "records.txt"}
    records = [f"record {number}".encode() for number in range(7)]
    unreadable = {"path": "no/such/file"}
    time_limit_seconds = 1.0


class Shuffling(LinesSource):
    def batches(self, position: int) -> Iterator[Batch]:
        return iter(list(super().batches(position))[::-1])


class Deaf(LinesSource):
    def run(self, push: Push, stop: threading.Event) -> None:
        super().run(push, threading.Event())
        time.sleep(2)


class Mute(LinesSource):
    def run(self, push: Push, stop: threading.Event) -> None:
        if self.settings.path.exists():
            super().run(push, stop)


class Restarting(LinesSource):
    def run(self, push: Push, stop: threading.Event) -> None:
        for batch in self.batches(0):
            push(batch)


class Skipping(LinesSource):
    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        return iter(list(super().read(start, end))[1:])


class Impatient(LinesSource):
    def run(self, push: Push, stop: threading.Event) -> None:
        workers = [threading.Thread(target=push, args=(batch,)) for batch in self.batches(0)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


class Careless(LinesSource):
    def run(self, push: Push, stop: threading.Event) -> None:
        threading.Thread(target=time.sleep, args=(6,), daemon=True).start()
        super().run(push, stop)


class Vague(LinesSource):
    def batches(self, position: int) -> Iterator[Batch]:
        for batch in super().batches(position):
            yield Batch(batch.records, batch.start, Cursor("file", batch.end.position + 3))


@pytest.mark.parametrize("test", names_in(SourceConformance))
def test_good_source_passes(test: str, check: Check) -> None:
    check(test, LinesKit, LinesSource)


@pytest.mark.parametrize(
    ("test", "source", "problem"),
    [
        ("test_gives_the_records_in_order", Shuffling, ""),
        ("test_batches_join_where_they_touch", Vague, ""),
        ("test_stops_when_it_is_told_to", Deaf, "must return soon"),
        ("test_source_that_cannot_go_on_says_so", Mute, "must raise SourceError, not give None"),
        ("test_leaves_no_thread_and_no_socket_behind", Careless, "end these before run() returns"),
        ("test_goes_on_where_it_was", Restarting, "after batch"),
        ("test_gives_the_same_range_again", Skipping, ""),
        ("test_waits_while_nobody_takes_more", Impatient, ""),
    ],
)
def test_faulty_source_is_found_out(test: str, source: type[Any], problem: str, check: Check) -> None:
    with pytest.raises(AssertionError) as found:
        check(test, LinesKit, source)

    assert problem in str(found.value)
