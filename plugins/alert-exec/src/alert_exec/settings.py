"""What can be set for an executable action."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from alert_core import Secret, Settings
from alert_core.templates import check_template

PREFIX = "ALERT_"
"""How the variables begin that describe the notification."""


def _bare_name(name: str) -> str:
    if "/" in name or "\\" in name:
        raise ValueError("must be a bare file name in the folder bin, without any path")
    if not name.isprintable() or name.startswith((".", "-")) or len(name.encode()) > 255:
        raise ValueError("must be the name of a visible file: no control characters, no dot or hyphen first, at most 255 bytes")
    return name


def _argument(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return check_template(text)


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("must be a name of letters, digits and underscores")
    if name == "PATH" or name.startswith(PREFIX):
        raise ValueError(f"PATH and names that begin with {PREFIX} are set by the action itself")
    return name


class ExecSettings(Settings):
    """Which program is run, how it is called, and how much it may use."""

    program: Annotated[str, AfterValidator(_bare_name)] = Field(
        min_length=1,
        title="Program",
        description="Name of an executable file in the folder bin beside alert.toml. A path is refused.",
    )
    arguments: tuple[Annotated[str, AfterValidator(_argument), Field(max_length=4096)], ...] = Field(
        default=(),
        max_length=64,
        title="Arguments",
        description="A list of templates such as --host={{ computer }}. Each makes one argument; no shell ever sees it.",
    )
    environment: dict[Annotated[str, AfterValidator(_variable)], Secret] = Field(
        default_factory=dict,
        title="Environment",
        description="Further variables. Values are secrets: they may be references and are blotted out in receipts.",
    )
    on_close: bool = Field(
        default=False,
        title="Run on close",
        description="Run the program also when the condition or response closes; ALERT_KIND is then closed.",
    )
    run_as: str | None = Field(
        default=None,
        min_length=1,
        title="Run as",
        description="The user that the program runs as, with that user's own group only. alert must be started as root.",
    )
    time_limit_seconds: float = Field(
        default=20.0,
        gt=0,
        le=3600,
        title="Time limit",
        description="When it is over, the program is killed with all that it started. Keep it below timeout_seconds.",
    )
    cpu_limit_seconds: int = Field(
        default=20,
        ge=0,
        le=2**20,
        title="CPU limit",
        description="How long each process of the program may compute; 0 sets none.",
    )
    memory_limit_megabytes: int = Field(
        default=512, ge=0, le=2**20, title="Memory limit", description="For each process of the program; 0 sets none."
    )
    process_limit: int = Field(
        default=64,
        ge=0,
        le=2**20,
        title="Process limit",
        description="About how many processes and threads the program may start; 0 sets none. Linux does not apply it to root.",
    )
    output_limit_bytes: int = Field(
        default=1000,
        ge=0,
        le=2000,
        title="Output limit",
        description="How much of the program's output the receipt or the error keeps; the rest is read and forgotten.",
    )
