"""Files named on the command line, read instead of the configured sources."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from alert_core.components import EventSource
from alert_core.config.values import Config, SourceConfig
from alert_core.errors import ConfigError

__all__ = ["recorded", "since", "with_files"]

_log = logging.getLogger(__name__)


def with_files(
    config: Config, files: Sequence[str], *, like: str | None, sources: Mapping[str, type[EventSource[Any]]]
) -> Config:
    """The configuration with these files as its only sources.

    Args:
        config: Says how the records read, in the source named by `like`, or in its only source.
        files: Paths; `-` is standard input.
        like: Which configured source the files are like.
        sources: The source types that are installed.

    Raises:
        ConfigError: It is not clear which source the files are like, or no installed plugin reads files.
    """
    model = _model(config, like)
    chosen = {}
    for path in files:
        kind, options = ("stdin", {}) if path == "-" else ("file", {"path": path, "follow": False})
        if kind not in sources:
            raise ConfigError(f"no installed plugin offers the source type {kind!r}", hint="pip install alert-file")
        cls = sources[kind]
        # The name ends up in the ids of events: the same file gives the same ids, in `alert run` and in `alert replay`.
        name = f"{model.name}:{'stdin' if path == '-' else path}"
        settings = cls.settings_model.model_validate(options)
        chosen[name] = replace(model, name=name, type=kind, cls=cls, settings=settings)
    return replace(config, sources=chosen)


def _model(config: Config, like: str | None) -> SourceConfig:
    if like is not None:
        if like not in config.sources:
            raise ConfigError(f"there is no source {like!r}", hint=f"choose one of {', '.join(config.sources) or 'none'}")
        return config.sources[like]
    formats = {(source.format.type, source.format.settings.model_dump_json()): source for source in config.sources.values()}
    if len(formats) == 1:
        return next(iter(formats.values()))
    if not formats:
        raise ConfigError("the configuration has no source that says how records read", hint="add a [sources.<name>] table")
    raise ConfigError("the configured sources have different formats", hint="say with --like which source the files are like")


def since(config: Config, moment: datetime) -> Config:
    """The configuration with sources whose events before this moment are left out."""
    return replace(config, sources={name: replace(source, since=moment) for name, source in config.sources.items()})


def recorded(config: Config) -> Config:
    """The configuration with sources that end where their input ends now, instead of following it or receiving more."""
    endless = sorted(name for name, source in config.sources.items() if source.cls.endless)
    if endless:
        _log.warning("nothing new is received from %s, because this run is to end", ", ".join(endless))
    return replace(config, sources={name: _ending(source) for name, source in config.sources.items()})


def _ending(source: SourceConfig) -> SourceConfig:
    if "follow" not in type(source.settings).model_fields:
        return replace(source, ends=True)
    return replace(source, ends=True, settings=source.settings.model_copy(update={"follow": False}))
