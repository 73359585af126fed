"""Text in columns, for commands that a person waits for: importing rich takes longer than what they find out."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

import click

__all__ = ["draw_columns"]

_GAP = 2
_NARROWEST = 10

Style = Callable[[str, str], str]


def draw_columns(headings: Sequence[str], rows: Sequence[Sequence[str]], style: Style) -> None:
    """Print a table as wide as the terminal; cells are folded, and the last column gets the room that is left.

    Args:
        headings: One for each column.
        rows: The cells, which may have several lines.
        style: Given a cell and a piece of it that is padded to the width of its column: the same with colours.
    """
    widths = _widths([headings, *rows], shutil.get_terminal_size().columns)
    color = False if os.environ.get("NO_COLOR") else None
    for row in [headings, *rows]:
        for pieces in _lines(row, widths):
            padded = [*(piece.ljust(width) for piece, width in zip(pieces[:-1], widths, strict=False)), pieces[-1]]
            cells = [
                click.style(piece, bold=True) if row is headings else style(cell, piece)
                for cell, piece in zip(row, padded, strict=True)
            ]
            click.echo((" " * _GAP).join(cells).rstrip(), color=color)


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is: as its widest line, but no more than a third, and the last as what is left."""
    widest = [max(len(line) for cell in column for line in cell.split("\n")) for column in zip(*rows, strict=True)]
    first = [min(width, room // 3) for width in widest[:-1]]
    return [*first, max(_NARROWEST, min(widest[-1], room - sum(first) - _GAP * len(first)))]


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[Sequence[str]]:
    """The pieces of a row's cells, line by line."""
    folded = [
        [piece for line in cell.split("\n") for piece in textwrap.wrap(line, width, break_on_hyphens=False) or [""]]
        for cell, width in zip(row, widths, strict=True)
    ]
    return zip_longest(*folded, fillvalue="")
