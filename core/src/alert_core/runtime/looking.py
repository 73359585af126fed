"""`alert events`: what sources give, event by event, without deciding anything about it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from alert_core.components import Batch, Context
from alert_core.config.values import Config, SourceConfig, StoreConfig
from alert_core.errors import AlertError, SourceError
from alert_core.model import UNPARSED, Event
from alert_core.projection import Projection
from alert_core.runtime.feed import Feed, Inlet
from alert_core.runtime.intake import Intake

__all__ = ["Seen", "look"]


@dataclass(frozen=True)
class Seen:
    """One record and the event that was made of it.

    Attributes:
        event: The event, as conditions would see it.
        place: Where the record stands: its file, and the number of its line or, where lines are not counted, of its first byte.
        format: How it was read.
        more: Whether the next one is there already.
    """

    event: Event
    place: str
    format: str
    more: bool = False

    @property
    def unparsed(self) -> bool:
        """Whether it could not be read."""
        return self.event.type == UNPARSED


def look(config: Config, *, progress: Callable[[int], None] | None = None) -> Iterator[Seen]:
    """Read the sources one after the other, no further than somebody looks.

    Args:
        config: Sources that end.
        progress: Called with the bytes of each batch.

    Raises:
        SourceError: A source failed; what it had given before has been given.
    """
    with tempfile.TemporaryDirectory(prefix="alert-events-") as folder:
        config = replace(config, store=StoreConfig(folder=Path(folder)))
        for source in config.sources.values():
            form = source.format.cls(source.format.settings, Context(name=source.name, formats=source.format.formats))
            intake, line = Intake(source.name, form, Projection(())), 1
            name = str(getattr(source.settings, "path", "-"))
            recognising = source.format.type == "auto"
            for batch in _batches(config, source):
                places = list(_places(batch, line))
                line += batch.records.count(b"\n") if isinstance(batch.records, bytes) else 0
                events = intake.events(batch, [position for position, _ in places])
                for left, event, (position, number) in zip(range(len(events))[::-1], events, places, strict=True):
                    if _wanted(event, source.since):
                        place = f"{name}:{number}" if number else f"{name}: byte {position}"
                        found = event.attributes.get("format") if recognising else None
                        yield Seen(event, place, str(found or source.format.type), left > 0)
                if progress:
                    progress(batch.end.position - batch.start.position)


def _wanted(event: Event, since: datetime | None) -> bool:
    return since is None or event.time >= since


def _places(batch: Batch, line: int) -> Iterator[tuple[int, int]]:
    """Where each record begins, and the number of its line; 0 where that is not known."""
    if isinstance(batch.records, tuple):
        for index in range(len(batch.records)):
            yield batch.start.position + (batch.offsets[index] if batch.offsets else index), 0
        return
    position = batch.start.position
    for number, record in enumerate(batch.records.split(b"\n"), line):
        if record.strip():
            yield position, number
        position += len(record) + 1


def _batches(config: Config, source: SourceConfig) -> Iterator[Batch]:
    """What a source gives; it waits while nobody takes more, and ends when nobody will."""
    feed, stop = Feed(ordered=True), threading.Event()
    inlet = feed.add(source.name, None)
    thread = threading.Thread(target=_run, args=(config, source, inlet, stop), name="alert-events", daemon=True)
    thread.start()
    try:
        while (taken := feed.take(None)) is not None:
            yield taken[1]
    finally:
        stop.set()
        feed.remove(source.name)
        thread.join(timeout=5)
    if inlet.error is not None:
        raise inlet.error


def _run(config: Config, source: SourceConfig, inlet: Inlet, stop: threading.Event) -> None:
    try:
        # Not through a spool: what is only looked at need not survive anything.
        source.cls(source.settings, config.context(source)).run(inlet, stop)
    except AlertError as error:
        inlet.end(error)
    except Exception as error:  # noqa: BLE001 a plugin's source may raise anything
        inlet.end(SourceError(f"fault in the source {source.type!r}: {type(error).__name__}: {error}"))
    else:
        inlet.end()
