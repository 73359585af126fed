"""What every format must do, as tests that its author inherits.

class TestLogfmt(FormatConformance):
    format = LogfmtFormat
    records = [b"time=2026-03-14T15:09:26Z level=warn msg=hello"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, ClassVar

import msgspec

from alert_core.components import Batch, Context, Cursor, Format
from alert_core.model import UNPARSED, Event
from alert_core.projection import Projection
from alert_core.runtime.intake import Intake
from alert_core.testing._words import hostile_text
from alert_core.testing.component import ComponentConformance
from alert_core.testing.levels import gold, silver, spare

__all__ = ["FormatConformance"]

_WANTED = (
    ("computer", "user", "severity", "message", "source_address", "source_port", "risk", "an attribute"),
    ("computer", "severity", "application", "received_from"),
    ("computer", "severity", "application"),
    ("computer",),
    (),
)
"""What conditions may want to see of an event; a faster way need not know all of it."""


class FormatConformance(ComponentConformance):
    """The tests that every format passes.

    Attributes:
        format: The class under test.
        settings: Valid settings, as they would stand in `alert.toml`.
        records: Some records that it can read, no two of them equal.
        hostile_count: How many spoilt records are decoded.
    """

    kind = "format"
    format: ClassVar[type[Format[Any]]]
    records: ClassVar[Sequence[bytes]]
    hostile_count: ClassVar[int] = 2000

    @silver
    def test_records_become_events(self, context: Context) -> None:
        events = self._decoded(self.records, context)

        unread = [record for record, event in zip(self.records, events, strict=True) if event.type == UNPARSED]
        assert unread == [], "it cannot read its own records"
        assert all(event.time.tzinfo for event in events), "times have a time zone"

    @silver
    def test_record_becomes_the_same_event_wherever_it_stands(self, context: Context) -> None:
        together = self._decoded(self.records, context)

        alone = [event for record in self.records for event in self._decoded([record], context)]
        backwards = self._decoded(list(reversed(self.records)), context)

        assert together == alone
        assert together == list(reversed(backwards))

    @silver
    def test_no_records_become_no_events(self, context: Context) -> None:
        assert self._decoded([], context) == []

    @gold
    def test_spoilt_record_is_kept_and_never_raised(self, context: Context) -> None:
        """Records as they come from broken senders, cut connections and attackers: one event each, whatever they are."""
        decoder = self.made(self.settings, context)

        for record in self._spoilt():
            events = decoder.decode([record])

            assert len(events) == 1, f"{len(events)} events from the record {record[:80]!r}"
            (event,) = events
            assert isinstance(event, Event)
            assert event.time.tzinfo, f"a time without a zone from the record {record[:80]!r}"
            assert event.raw or event.type != UNPARSED or not record, f"nothing is left of the record {record[:80]!r}"
            # Events are stored: what cannot be written down would be lost there.
            assert msgspec.json.decode(msgspec.json.encode(event), type=Event).type == event.type

    @gold
    def test_spoilt_record_does_not_harm_its_neighbours(self, context: Context) -> None:
        good = self._decoded(self.records, context)
        spoilt = [record for record in self._spoilt() if record][: self.hostile_count // 10]

        mixed = self._decoded([part for record in spoilt for part in (record, *self.records)], context)

        step = len(self.records) + 1
        assert len(mixed) == step * len(spoilt), "one event per record"
        for start in range(0, len(mixed), step):
            assert mixed[start + 1 : start + step] == good, f"after the record {spoilt[start // step][:80]!r}"

    @gold
    def test_faster_way_says_what_the_whole_event_says(self, context: Context) -> None:
        """For formats with a `decoder`: the core must decide alike, whichever way it reads a record."""
        projections = [Projection(fields) for fields in _WANTED]
        fast = [one for one in projections if self.made(self.settings, context).decoder(one) is not None]
        if not fast:
            spare("it has no faster way to read blocks")
        slow = type("Slow", (self.format,), {"decoder": Format.decoder})

        good = self.records[0]
        for number, record in enumerate((*self.records, *self._spoilt())):
            projection = fast[number % len(fast)]
            start, end = Cursor("kit", 0), Cursor("kit", len(record) + 1)
            block = Batch(record + b"\n", start, end)
            received = Batch((good, record, good), start, end, senders=("192.0.2.1", "192.0.2.2", "192.0.2.3"))
            for batch in (block, received):
                quickly = Intake("kit", self.made(self.settings, context), projection).take(batch)
                slowly = Intake("kit", slow(self.validated(self.settings), context), projection).take(batch)

                assert _seen(*quickly) == _seen(*slowly), f"the record {record[:80]!r}"

    def _decoded(self, records: Sequence[bytes], context: Context) -> list[Event]:
        """The events of some records, from a new instance."""
        events: list[Event] = self.made(self.settings, context).decode(list(records))
        assert len(events) == len(records), f"{len(events)} events from {len(records)} records"
        return events

    def _spoilt(self) -> Iterator[bytes]:
        random = Random(0)  # noqa: S311 repeatable, not secret
        yield from (b"", b"\x00", b"\xff\xfe", b"\n", b" " * 1000, b"{" * 100_000, b"9" * 5000, b'"\\ud800"')
        for _ in range(self.hostile_count):
            yield _spoil(random.choice(list(self.records)), random)


def _seen(items: Sequence[Any], event_at: Callable[[int], Event]) -> list[tuple[list[str], Event]]:
    """What a condition can see of projected events, and the whole ones."""
    return [
        ([_told(getattr(item, name)) for name in sorted(item.__struct_fields__)], event_at(index))
        for index, item in enumerate(items)
    ]


def _told(value: Any) -> str:
    """A value as a condition sees it: nothing is the empty text, and no comparison can tell a negative zero."""
    return "''" if value is None else repr(value).replace("-0.0", "0.0")


def _spoil(record: bytes, random: Random) -> bytes:
    """A record with one thing wrong."""
    at, upto = sorted((random.randint(0, len(record)), random.randint(0, len(record))))
    kind = random.randrange(6)
    if kind == 0:
        return record[:at]
    if kind == 1:
        return record[:at] + record[upto:]
    if kind == 2:
        return record[:at] + record[at:upto] * 3 + record[upto:]
    if kind == 3:
        return random.randbytes(random.randint(1, 300))
    filling = random.randbytes(4) if kind == 4 else hostile_text(random).encode()
    return (record[:at] + filling + record[upto:]).replace(b"\n", b" ")
