"""The options of the sources `file` and `stdin`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from alert_core import Settings

if TYPE_CHECKING:
    from alert_file._piece import Reading

__all__ = ["FileSettings", "MultilineSettings", "StdinSettings"]


class MultilineSettings(Settings):
    """Records of several lines."""

    start: str = Field(
        min_length=1,
        title="First line",
        description="A regular expression that is found in the first line of each record, and in no other line.",
        examples=[r"^\d{4}-\d\d-\d\d "],
    )
    max_lines: int = Field(
        default=500, ge=2, le=100_000, title="Most lines", description="A record that has so many lines is over."
    )
    max_bytes: int = Field(
        default=1024 * 1024,
        ge=1024,
        le=8 * 1024 * 1024,
        title="Most bytes",
        description="A record that would become longer than this is over.",
    )
    flush_seconds: float = Field(
        default=2.0,
        gt=0,
        le=3600,
        title="Patience",
        description="At the end of a file that is followed: how long to wait for another line of the last record.",
    )

    @field_validator("start")
    @classmethod
    def _is_an_expression(cls, start: str) -> str:
        try:
            re.compile(start)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return start


class _Reading(Settings):
    """How bytes become records."""

    encoding: str = Field(
        default="utf-8",
        title="Encoding",
        description="How characters are written, such as `utf-16` or `cp1252`. A byte order mark at the beginning goes "
        "before it; what makes no sense is replaced and never stops anything.",
    )
    multiline: MultilineSettings | None = Field(
        default=None,
        title="Records of several lines",
        description="Which line begins a record. Not set: every line is a record.",
    )

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, encoding: str) -> str:
        from alert_file._text import normal_encoding

        normal_encoding(encoding)
        return encoding

    @property
    def reading(self) -> Reading:
        """The same, ready to use."""
        from alert_file._cut import Multiline
        from alert_file._piece import Reading
        from alert_file._text import normal_encoding

        lines, multiline = self.multiline, None
        if lines is not None:
            multiline = Multiline(re.compile(lines.start), lines.max_lines, lines.max_bytes, lines.flush_seconds)
        return Reading(normal_encoding(self.encoding), multiline)


class FileSettings(_Reading):
    """Which files, and how they are read."""

    path: str = Field(
        min_length=1,
        title="File",
        description="Path of the file; a relative one starts at the working directory. "
        "Its rotated and compressed siblings (`app.log.1`, `app.log-20260101.gz`) are found by themselves. "
        "With `*`, `?` or `[...]`, every file that fits, also when it comes later; `**` stands for any folders.",
        examples=["/var/log/app.log", "/var/log/remote/*.log"],
    )
    follow: bool = Field(
        default=True,
        title="Follow the file",
        description="Wait for more lines at the end of the file, and for the file itself. Otherwise stop at its end.",
    )
    start: Literal["beginning", "end"] = Field(
        default="beginning",
        title="Where a first run starts",
        description="`beginning` reads what is there already, `end` only what is added. Later runs go on where they stopped.",
    )

    @field_validator("path")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        if path == "-":
            raise ValueError('standard input is a source of its own; use type = "stdin"')
        if "\0" in path:
            raise ValueError("a path cannot contain a null character")
        return path


class StdinSettings(_Reading):
    """How standard input is read."""
