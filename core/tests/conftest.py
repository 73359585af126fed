from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, field_validator, model_validator

from alert_core import (
    Action,
    Condition,
    DeliveryError,
    Evaluator,
    Event,
    EventSource,
    Format,
    Notification,
    Push,
    Receipt,
    Secret,
    Settings,
    Strength,
    hookimpl,
)
from alert_core.plugins import Plugins

FakeDistribution = Callable[..., None]


@pytest.fixture
def fake_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDistribution]:
    """Makes an installed distribution: a module, its metadata and its entry point, in a folder on `sys.path`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def make(distribution: str, source: str, *, plugin: str = "", version: str = "1.0", reference: str = "") -> None:
        module = distribution.replace("-", "_")
        (site / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        metadata = site / f"{module}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        name = plugin or distribution.removeprefix("alert-")
        (metadata / "entry_points.txt").write_text(f"[alert_core]\n{name} = {reference or module}\n")

    yield make
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(site)):
            del sys.modules[name]


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


class Password(Settings):
    kind: Literal["password"] = Field("password", title="Kind", description="How to log in.")
    user: str = Field(title="User", description="Who logs in.")
    password: Secret = Field(title="Password", description="What nobody may see.")


class Token(Settings):
    kind: Literal["token"] = Field(title="Kind", description="How to log in.")
    token: Secret = Field(title="Token", description="What nobody may see.")


class Proxy(Settings):
    """The server in between."""

    host: str = Field(title="Proxy host", description="Name or address.")
    port: int = Field(3128, ge=1, le=65535, title="Proxy port", description="Where it listens.")


class PostSettings(Settings):
    host: str = Field(title="Host", description="Where to send.", examples=["mx.example.net"], min_length=1)
    port: int = Field(25, ge=1, le=65535, title="Port", description="Where it listens.")
    level: Level = Field(Level.LOW, title="Level", description="How loud.")
    mode: Literal["fast", "safe"] = Field("safe", title="Mode", description="How to send.")
    encrypted: bool = Field(False, title="Encrypted", description="Whether nobody may read along.")
    recipients: tuple[str, ...] = Field((), title="Recipients", description="Who gets it.")
    copies: tuple[str, ...] | None = Field(None, min_length=1, title="Copies", description="Who gets a copy.")
    headers: dict[str, Secret] = Field(default_factory=dict, title="Headers", description="Further headers.")
    key: Secret | None = Field(None, title="Key", description="What nobody may see.")
    login: Annotated[Password | Token, Field(discriminator="kind")] | None = Field(
        None, title="Login", description="Who we are."
    )
    proxy: Proxy | None = Field(None, title="Proxy", description="The server in between.")
    pause: int | str = Field(1, title="Pause", description="Seconds, or a word.")

    @field_validator("recipients")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if "@" not in address:
                raise ValueError(f"{address!r} is no address.")
        return value

    @model_validator(mode="after")
    def _key_and_host_differ(self) -> PostSettings:
        if self.key and self.key.reference == self.host:
            raise ValueError(f"{self.host} is both host and key")
        return self


class PostAction(Action[PostSettings]):
    """Send a message by post.

    It takes a while.
    """

    name = "post"
    label = "Post"
    instructions = "A letter box must be there."

    def send(self, notification: Notification) -> Receipt:
        if self.settings.host == "closed":
            raise DeliveryError(f"{self.settings.host} is closed")
        if self.settings.host == "broken":
            raise RuntimeError("oh \x1b[31mno")
        if self.settings.host == "slow":
            threading.Event().wait(20)
        return Receipt(Strength.ACCEPTED, self.settings.host)

    def check(self) -> Sequence[str]:
        if self.settings.host == "explode":
            raise RuntimeError("no")
        return [] if self.settings.recipients else ["it has no recipients"]


class FeedSettings(Settings):
    path: Path = Field(title="Path", description="What to read.")


class FeedSource(EventSource[FeedSettings]):
    """Read a feed."""

    name = "feed"
    label = "Feed"

    def run(self, push: Push, stop: threading.Event) -> None:
        raise NotImplementedError


class LinesSettings(Settings):
    comment: str = Field("#", title="Comment", description="What begins a comment.")
    key: Secret | None = Field(None, title="Key", description="What nobody may see.")


class LinesFormat(Format[LinesSettings]):
    """One event per line."""

    name = "lines"
    label = "Lines"

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        raise NotImplementedError


class ManySettings(Settings):
    count: int = Field(5, ge=1, title="Count", description="How many.")
    minutes: float = Field(1, gt=0, title="Minutes", description="In which time.")
    kinds: frozenset[str] = Field(frozenset(), title="Kinds", description="Of which kinds.")


class ManyCondition(Condition[ManySettings]):
    """So many of them."""

    name = "many"
    label = "Many"

    def evaluator(self) -> Evaluator[Any]:
        raise NotImplementedError


class SamplePlugin:
    """One type of every kind."""

    @hookimpl
    def alert_register_sources(self) -> list[type[EventSource[Any]]]:
        return [FeedSource]

    @hookimpl
    def alert_register_formats(self) -> list[type[Format[Any]]]:
        return [LinesFormat]

    @hookimpl
    def alert_register_conditions(self) -> list[type[Condition[Any]]]:
        return [ManyCondition]

    @hookimpl
    def alert_register_actions(self) -> list[type[Action[Any]]]:
        return [PostAction]


@pytest.fixture
def sample_plugin() -> SamplePlugin:
    return SamplePlugin()


@pytest.fixture
def plugins(sample_plugin: SamplePlugin) -> Plugins:
    return Plugins.load(only=(), objects={"sample": sample_plugin})


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a configuration, with drop-ins given by name, and gives its main file."""
    folder = tmp_path / "etc"
    (folder / "alert.d").mkdir(parents=True)

    def write(text: str, **dropins: str) -> Path:
        (folder / "alert.toml").write_text(dedent(text), encoding="utf-8")
        for name, dropin in dropins.items():
            (folder / "alert.d" / f"{name}.toml").write_text(dedent(dropin), encoding="utf-8")
        return folder / "alert.toml"

    return write
