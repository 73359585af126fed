"""The faster way to what conditions look at: only the columns that it comes from are taken out of a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from alert_core.model import EVENT_FIELDS
from alert_core.projection import Projection
from alert_sepm._columns import ColumnReader
from alert_sepm._events import EventMaker, message_of
from alert_sepm._header import PADDING, HeaderReader
from alert_sepm._languages import Languages
from alert_sepm._layouts import LAYOUTS, Layout
from alert_sepm.tables import FIELDS, FINER, ON_THE_SERVER, RENAMED, TIMES

__all__ = ["QuickReader", "can_read"]

_OTHERWISE = frozenset({"id", "source", "raw", "flags"})
_PEER = ("direction", "protocol", "local_address", "local_port", "remote_address", "remote_port")
_TOLD = ("event", "risk", "end_message", "start_message", "state", "action", "rule", "remote_name", *_PEER)
_DIRECTED = frozenset({"source_address", "destination_address", "source_port", "destination_port", "protocol"})
_PORTS = frozenset({"source_port", "destination_port"})
_MOST = 1_000_000_000


def can_read(projection: Projection) -> bool:
    """Whether this way knows what is wanted."""
    return not (projection.whole or projection.numeric or _OTHERWISE.intersection(projection.fields))


class QuickReader:
    """Reads records into a projection.

    Args:
        projection: What is wanted.
        languages: The labels and words that there are.
        headers: Reads what stands before records.
        events: Knows what columns mean.
    """

    def __init__(self, projection: Projection, languages: Languages, headers: HeaderReader, events: EventMaker) -> None:
        self._struct, self._headers, self._events = projection.struct, headers, events
        wanted = {name: _keys(layout, projection.fields) for name, layout in LAYOUTS.items()}
        self._columns = ColumnReader(languages, wanted)
        self._fields = [(slot, name) for name, slot in projection.slots.items() if name in EVENT_FIELDS - {"time", "count"}]
        self._attributes = [(slot, name) for name, slot in projection.slots.items() if name not in EVENT_FIELDS]
        self._lean = not self._attributes and "server" not in projection.fields
        self._tells = "message" in projection.fields

    def decode(self, block: bytes) -> Sequence[Any]:
        """The projected events of a block of lines.

        Raises:
            msgspec.ValidationError: One of them takes the slower way.
        """
        self._headers.refresh()
        return [self._read(line) for line in str(block, "utf-8").split("\n") if line and not line.isspace()]

    def _read(self, line: str) -> Any:
        header, body = self._headers.read(line.strip(PADDING))
        columns = self._columns.read(body)
        if columns is None:
            raise msgspec.ValidationError("of no known log")
        values = columns.values
        time = self._events.take_time(values) or header.time
        if time is None:
            raise msgspec.ValidationError("without a time")
        filled, attributes = self._events.fill(columns, header, lean=self._lean)
        if self._tells and not filled.get("message"):
            filled["message"] = message_of(columns.layout.name, filled, values)
        said = {slot: filled.get(name, None if name in _PORTS else "") for slot, name in self._fields}
        for slot, name in self._attributes:
            said[slot] = attributes.get(name, "")
        return self._struct(time=time, count=min(filled.get("count", 1), _MOST), **said)


def _keys(layout: Layout, wanted: Iterable[str]) -> frozenset[str]:
    """The keys of the columns that say what is wanted, and always those that say time, type and count."""
    log, names = layout.name, {"count", *wanted}
    keys = {"occurrences", *TIMES, *(key for _, _, places in FINER.get(log, ()) for key in places)}
    if "severity" in names:
        names.add("action")
    if log in ON_THE_SERVER and "computer" in names:
        names.add("server")
    keys |= {key for key, field in FIELDS[log].items() if field in names}
    keys |= {key for key, name in RENAMED.get(log, {}).items() if name in names} | (names - EVENT_FIELDS)
    if not _DIRECTED.isdisjoint(names):
        keys.update(_PEER)
    if "message" in names:
        keys.update(_TOLD)
    return frozenset(keys)
