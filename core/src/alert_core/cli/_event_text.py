"""How events look: as rows of a table, as JSON, counted. Their text comes from anyone and is escaped."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from alert_core.cli._common import local_time, printable
from alert_core.model import HEADER, UNKNOWN_TIME, UNPARSED
from alert_core.store import safe_json

if TYPE_CHECKING:
    from alert_core.runtime.looking import Seen

__all__ = ["Rows", "json_line", "stamp"]

Column = tuple[str, Callable[["Seen"], str], int]
"""Heading, text of a row, and the most characters it gets."""

_GAP = "  "
_LEAST_MESSAGE = 24
_USUAL = 15
_COLORS = {"critical": "red", "major": "red", "minor": "yellow"}
_SAID = ("risk", "action", "application", "user", "destination_address", "protocol", "group", "domain", "server")


def stamp(moment: datetime) -> str:
    """A time for people; nothing for one that is not known."""
    return "-" if moment == UNKNOWN_TIME else f"{local_time(moment):%Y-%m-%d %H:%M:%S}"


def json_line(seen: Seen, *, place: bool) -> bytes:
    """A whole event as one line of JSON, without a line end."""
    values: Any = seen.event
    if place:
        values = {"place": seen.place, **msgspec.to_builtins(seen.event)}
    return safe_json(msgspec.json.encode(values))


def _message(seen: Seen, shown: Collection[str]) -> str:
    """What a record says, as far as no other column does."""
    event = seen.event
    if event.type == UNPARSED:
        return f"{event.attributes.get('reason', '')}: {event.raw}"
    if event.message or event.type == HEADER:
        return event.message or event.raw
    said = [(name, getattr(event, name)) for name in _SAID if name not in shown]
    values = [*((name, value) for name, value in said if value), *event.attributes.items()]
    return " ".join(f"{name}={_short(value)}" for name, value in values if name != "format") or event.raw


def _short(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


# In the order of importance: where there is little room, the last ones are left out first.
_COLUMNS: tuple[Column, ...] = (
    ("Time", lambda seen: stamp(seen.event.time), 19),
    ("Type", lambda seen: seen.event.type, 24),
    ("Computer", lambda seen: seen.event.computer, 24),
    ("Severity", lambda seen: str(seen.event.severity), 11),
    ("From", lambda seen: seen.event.source_address, 39),
    ("Count", lambda seen: str(seen.event.count) if seen.event.count > 1 else "", 9),
    ("User", lambda seen: seen.event.user, 20),
    ("Action", lambda seen: seen.event.action, 12),
)
_PLACES: tuple[Column, ...] = (("Place", lambda seen: seen.place, 60),)


class Rows:
    """Prints a table row by row; the first rows decide which columns there are and how wide they are.

    Args:
        first: The first rows.
        places: Whether to say where each record stands instead of what is in it.
        live: Whether rows that come later may have more to say than the first ones.
    """

    def __init__(self, first: Sequence[Seen], *, places: bool, live: bool) -> None:
        # What goes into a file or another program is not cut.
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        columns = _PLACES if places else _COLUMNS
        self._columns = [(column, width) for column in columns if (width := _width(column, first, _USUAL if live else 0))]
        while len(self._columns) > 2 and self._width and self._room < _LEAST_MESSAGE:
            self._columns.pop()
        said = "Reason and record" if places else "Message"
        self._shown = {name.lower() for (name, _, _), _ in self._columns}
        click.secho(self._line([name for (name, _, _), _ in self._columns], said), bold=True)
        for seen in first:
            self.draw(seen)

    @property
    def _room(self) -> int:
        return self._width - sum(width + len(_GAP) for _, width in self._columns)

    def draw(self, seen: Seen) -> None:
        """Print one row."""
        line = self._line([printable(text(seen)) for (_, text, _), _ in self._columns], printable(_message(seen, self._shown)))
        color = "red" if seen.unparsed else _COLORS.get(str(seen.event.severity))
        click.echo(click.style(line, fg=color) if color else line)

    def _line(self, cells: Sequence[str], message: str) -> str:
        from rich.cells import set_cell_size

        fitting = zip(cells, self._columns, strict=True)
        cut = [set_cell_size(_cut(cell, width), width) for cell, (_, width) in fitting]
        return _GAP.join([*cut, _cut(message, max(self._room, 10)) if self._width else message]).rstrip()


def _width(column: Column, first: Sequence[Seen], least: int) -> int:
    """How wide a column is; 0 if nothing would stand in it."""
    heading, text, most = column
    from rich.cells import cell_len

    longest = max(min(least, most), *(cell_len(printable(text(seen))) for seen in first))
    return min(max(longest, len(heading)), most) if longest else 0


def _cut(text: str, width: int) -> str:
    """A text that takes no more room than this, in a terminal that gives some characters two places."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"
