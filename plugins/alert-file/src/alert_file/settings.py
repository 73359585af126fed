"""The options of the sources `file` and `stdin`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from alert_core import Settings

__all__ = ["FileSettings", "StdinSettings"]


class FileSettings(Settings):
    """Which file, and how it is read."""

    path: str = Field(
        min_length=1,
        title="File",
        description="Path of the file; a relative one starts at the working directory. "
        "Its rotated and compressed siblings (`app.log.1`, `app.log-20260101.gz`) are found by themselves.",
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


class StdinSettings(Settings):
    """Standard input has no options."""
