"""From a source's records to what the engine takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from alert_core.components import Batch, Format
from alert_core.model import LOST, UNKNOWN_TIME, Event, unparsed
from alert_core.projection import RECEIVED_FROM, Projection

__all__ = ["Intake"]

_UNFIT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the fast way raises for records that it does not know."""


class Intake:
    """Decodes the batches of one source.

    The fast way decodes a block straight into projections. When a line of it does not fit, or the records did not come as a
    block, it is asked for each record by itself; what it does not know, or all where there is no fast way, is decoded into
    whole events. Both ways say the same.

    Args:
        source: Name of the source.
        format: How its records read.
        projection: What the engine looks at.

    Attributes:
        last: Time of the last record, which a record inherits that has none of its own and was not spooled.
    """

    def __init__(self, source: str, format: Format[Any], projection: Projection) -> None:
        self.source, self.last = source, UNKNOWN_TIME
        self._format, self._projection = format, projection
        self._decode = format.decoder(projection)
        self._headed, self._head = format.headed, b""

    def take(self, batch: Batch) -> tuple[Sequence[Any], Callable[[int], Event]]:
        """The projected events of a batch, and how to get a whole one by its index."""
        self._learn(batch)
        if self._decode and isinstance(batch.records, bytes) and not batch.lost:
            try:
                items = self._decode(batch.records)
            except _UNFIT:
                return self._take_singly(batch)
            if len(items) == _lines(batch.records) or len(items) == len(batch.split()):
                if items:
                    self.last = items[-1].time
                return items, lambda index: self.whole(batch, index)
        return self._take_singly(batch)

    def events(self, batch: Batch, places: Sequence[int]) -> list[Event]:
        """Every event of a batch, whole; for those who look at all of them.

        Args:
            batch: What was read.
            places: Where each of its records begins.
        """
        self._learn(batch)
        arrived, events = _arrival(batch), list[Event]()
        for event, place in zip(self._decoded(batch.split()), places, strict=True):
            if event.time is UNKNOWN_TIME:
                event = msgspec.structs.replace(event, time=arrived or self.last)
            self.last = event.time
            events.append(self._identified(event, batch, place))
        return events

    def _learn(self, batch: Batch) -> None:
        """Tell a format how the records of a file read, when it is another file than before."""
        if self._headed and batch.head and batch.head != self._head:
            self._head = batch.head
            self._decoded([batch.head])

    def _take_singly(self, batch: Batch) -> tuple[Sequence[Any], Callable[[int], Event]]:
        """Record by record: one that the fast way does not know takes the slow one, and no other does."""
        records = batch.split()
        senders = [*batch.senders[: len(records)], *[""] * (len(records) - len(batch.senders))]
        arrived = _arrival(batch)
        items = [self._quickly(record) for record in records]
        odd = [index for index, item in enumerate(items) if item is None]
        events = dict(zip(odd, self._decoded([records[index] for index in odd]), strict=True))
        for index, sender in enumerate(senders):
            if index in events:
                event = events[index]
                if event.time is UNKNOWN_TIME:  # not ==: a record may say just that time
                    event = msgspec.structs.replace(event, time=arrived or self.last)
                events[index] = event = _received(event, self.source, sender)
                items[index] = self._projection.project(event)
            elif sender:
                self._projection.name_sender(items[index], sender)
            self.last = items[index].time
        if batch.lost:
            events[len(records)] = loss = _loss(batch, self.source, arrived or self.last)
            items.append(self._projection.project(loss))

        def whole(index: int) -> Event:
            if index == len(records):
                return events[index]
            position, record = batch.locate(index)
            event = events[index] if index in events else _received(self._decoded([record])[0], self.source, senders[index])
            return self._identified(event, batch, position)

        return items, whole

    def _quickly(self, record: bytes) -> Any:
        """The projected event of one record the fast way, `None` if that is not possible."""
        if self._decode is None or b"\n" in record:
            return None
        try:
            items = self._decode(record)
        except _UNFIT:
            return None
        return items[0] if len(items) == 1 else None

    def _decoded(self, records: Sequence[bytes]) -> Sequence[Event]:
        """One event per record, even if the format breaks its promise not to raise: then the record is kept as unparsed."""
        try:
            events = self._format.decode(records)
            if len(events) == len(records):
                return events
            fault = f"{len(events)} events for {len(records)} records"
        except Exception as error:  # noqa: BLE001 a format may be a plugin's, and its fault must not lose a record
            fault = f"{type(error).__name__}: {error}"
        if len(records) == 1:
            return [unparsed(records[0], f"fault in the format: {fault}")]
        return [event for record in records for event in self._decoded([record])]

    def whole(self, batch: Batch, index: int) -> Event:
        """The whole event of one record."""
        # Two records in one line and a blank line after it look like two lines; the second is then looked for in the last one.
        position, record = batch.locate(index)
        (event,) = self._decoded([record])
        return self._identified(event, batch, position)

    def _identified(self, event: Event, batch: Batch, position: int) -> Event:
        """With the sender's identity, else that of the place where it stands, which is the same whenever it is read again."""
        identity = event.id or f"{self.source}:{batch.start.origin}:{position}"
        return msgspec.structs.replace(event, id=identity, source=self.source)


def _received(event: Event, source: str, sender: str) -> Event:
    """The event of a record that a source received, perhaps from somebody."""
    if not sender:
        return msgspec.structs.replace(event, source=source)
    attributes = {**event.attributes, RECEIVED_FROM: sender}
    return msgspec.structs.replace(event, source=source, computer=event.computer or sender, attributes=attributes)


def _loss(batch: Batch, source: str, time: datetime) -> Event:
    """The event by which a source says that records got lost."""
    return Event(
        time=time,
        type=LOST,
        id=f"{source}:{batch.start.origin}:{batch.start.position}:lost",
        source=source,
        count=batch.lost,
        severity="major",
        message=f"source {source!r} lost {batch.lost} records before it could read them",
    )


def _arrival(batch: Batch) -> datetime | None:
    """When the batch was written to a spool, which is the time of records that do not say any; `None` if it was not."""
    received = batch.start.hints.get("received")
    return UNKNOWN_TIME + timedelta(microseconds=received) if isinstance(received, int) else None


def _lines(block: bytes) -> int:
    """How many lines a block has, blank ones included. A decoder may take two records in one line, or one in two, for good."""
    # Several times faster than `block.count(b"\n")`, which looks at every byte.
    return len(block) - len(block.replace(b"\n", b"")) + (not block.endswith(b"\n"))
