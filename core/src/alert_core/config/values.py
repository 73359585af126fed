"""A configuration after validation: plain values that the rest of the core works with."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alert_core.components import Action, Component, Condition, Context, EventSource, Format
    from alert_core.model import Severity
    from alert_core.settings import Settings

__all__ = ["ActionConfig", "ConditionConfig", "Config", "FormatConfig", "SourceConfig", "StoreConfig"]

Resolver = Callable[[Mapping[str, str]], str | None]
"""Looks up a secret whose reference only a plugin understands."""


@dataclass(frozen=True, kw_only=True)
class _Configured:
    """What every named table has: its name, its type, the class behind it, its settings and the file it stands in."""

    name: str
    type: str
    cls: builtins.type[Component[Any]]
    settings: Settings
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class FormatConfig(_Configured):
    """`format = "json"` or `format = { type = "pattern", ... }` of a source."""

    cls: builtins.type[Format[Any]]
    formats: Mapping[str, builtins.type[Format[Any]]] = field(default_factory=dict, repr=False)
    """The installed formats, for one that holds records of another."""


@dataclass(frozen=True, kw_only=True)
class SourceConfig(_Configured):
    """One `[sources.<name>]` table.

    Attributes:
        format: How its records read.
        since: Events before this time are left out; `None`: none are. Said on the command line.
        ends: Whether to end where the input ends now, instead of following it or receiving more. Said on the command line.
    """

    cls: builtins.type[EventSource[Any]]
    format: FormatConfig
    since: datetime | None = None
    ends: bool = False


@dataclass(frozen=True, kw_only=True)
class ConditionConfig(_Configured):
    """One `[conditions.<name>]` table.

    Attributes:
        where: Field -> filter, as written; compiled by the engine, which checks it while the configuration is read.
        damper: How long the actions are not repeated; zero for `"none"`; `"auto"` is 60 minutes.
        damper_per: `key` (default): one damper for each key, so that one victim never hides the next; `condition`: one for all.
        actions: Names of actions; empty means switched off, as in the seed.
        subject: Template that replaces the type's own subject; empty: none.
        body: Template that replaces the type's own body; empty: none.
        severity: Of the notification; `None`: the event's own if it is one, else major.
        creator: Who set it up.
        revision: 12 hexadecimal digits over everything that decides, words or delivers.
        state_revision: 12 hexadecimal digits over what decides only; windows survive a change of anything else.
    """

    cls: builtins.type[Condition[Any]]
    where: Mapping[str, Any] = field(default_factory=dict)
    damper: timedelta = timedelta(minutes=60)
    damper_per: str = "key"
    actions: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    severity: Severity | None = None
    creator: str = ""
    revision: str = "0" * 12
    state_revision: str = "0" * 12


@dataclass(frozen=True, kw_only=True)
class ActionConfig(_Configured):
    """One `[actions.<name>]` table.

    Attributes:
        concurrency: Workers, each with an instance of its own.
        timeout_seconds: How long one attempt may take.
        batch_size: How many deliveries one attempt may make, if the action can carry several.
        give_up_hours: How long after the notification attempts go on before the delivery is `failed`.
    """

    cls: builtins.type[Action[Any]]
    concurrency: int = 2
    timeout_seconds: float = 30.0
    batch_size: int = 100
    give_up_hours: float = 24.0


@dataclass(frozen=True, kw_only=True)
class StoreConfig:
    """The `[store]` table.

    Attributes:
        folder: Where the database, spools and the state folders of components are.
        snapshot_seconds: How often the state of all conditions is written; what came since is read again after a crash.
        keep_days: How long acknowledged notifications stay in the log; 0 keeps everything.
    """

    folder: Path
    snapshot_seconds: float = 15.0
    keep_days: int = 0

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "alert.db"


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole configuration. Reading it again after a change gives a new one; nothing in it ever changes.

    Attributes:
        folder: Where `alert.toml` is; relative paths in it start here.
        files: Every file that was read, in order.
        program_folder: Where executables may be run from: `bin` beside `alert.toml`.
    """

    folder: Path
    files: tuple[Path, ...] = ()
    store: StoreConfig
    sources: Mapping[str, SourceConfig] = field(default_factory=dict)
    conditions: Mapping[str, ConditionConfig] = field(default_factory=dict)
    actions: Mapping[str, ActionConfig] = field(default_factory=dict)

    @property
    def program_folder(self) -> Path:
        """The only folder from which executables may be run."""
        return self.folder / "bin"

    def context(self, configured: SourceConfig | ConditionConfig | ActionConfig, resolver: Resolver | None = None) -> Context:
        """What the component behind a named table gets to know.

        Args:
            configured: The table; a source's format shares the source's context.
            resolver: `Plugins.resolve_secret`.
        """
        from alert_core.components import Context

        kind = type(configured).__name__.removesuffix("Config").lower()
        return Context(
            name=configured.name,
            state_folder=self.store.folder / f"{kind}s" / configured.name,
            program_folder=self.program_folder,
            resolver=resolver,
        )
