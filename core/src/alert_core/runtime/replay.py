"""`alert replay`: the decisions for recorded input, at the times of the events; nothing is stored and nobody is told."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from alert_core.config.values import Config, StoreConfig
from alert_core.model import Notification
from alert_core.runtime.decider import Decider
from alert_core.runtime.feed import Feed
from alert_core.runtime.sources import Sources

__all__ = ["replay"]


def replay(config: Config, *, resolver: Any = None, progress: Callable[[int], None] | None = None) -> Iterator[Notification]:
    """Decide about everything that the sources have, in the order in which `alert run --once` would.

    Args:
        config: Conditions, and sources that end.
        resolver: `Plugins.resolve_secret`.
        progress: Called with the bytes of each batch.

    Raises:
        SourceError: A source failed; what was decided before has been given.
    """
    errors: list[Exception] = []
    with tempfile.TemporaryDirectory(prefix="alert-replay-") as folder:
        config = replace(config, store=StoreConfig(folder=Path(folder)))
        decider, feed = Decider(config), Feed(ordered=True)
        sources = Sources(config, feed, resolver=resolver, report=lambda _, error: errors.append(error))
        for name in config.sources:
            sources.start(name, feed.add(name, None))
        try:
            while (taken := feed.take(None)) is not None:
                inlet, batch = taken
                yield from decider.decide(inlet.name, batch)
                inlet.progress = decider.progress(inlet.name)
                if progress:
                    progress(_size(batch.records))
            sources.look_after(restart=False)
        finally:
            sources.stop()
    if errors:
        raise errors[0]


def _size(records: bytes | tuple[bytes, ...]) -> int:
    return len(records) if isinstance(records, bytes) else sum(map(len, records))
