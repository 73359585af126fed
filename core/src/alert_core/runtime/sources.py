"""The running sources: a thread and an inlet each, spooled if they cannot be rewound, started again if they fail."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from alert_core.components import Batch, Cursor, EventSource
from alert_core.config.values import Config, SourceConfig
from alert_core.errors import SourceError
from alert_core.runtime.feed import Feed, Inlet
from alert_core.runtime.spool import Spool
from alert_core.runtime.spooled import Spooled

__all__ = ["Sources", "make_source"]

_log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
# For what will not work before somebody does something.
_LONG_REST = 3600.0

Source: TypeAlias = EventSource[Any] | Spooled


def make_source(config: Config, source: SourceConfig, resolver: Any = None) -> Source:
    """The component of a configured source; one that cannot be rewound comes with its spool."""
    context = config.context(source, resolver)
    component = source.cls(source.settings, context)
    if component.rewindable:
        return component
    return Spooled(component, Spool(context.state_folder / "spool"), receiving=not (source.ends and component.endless))


class _Running:
    """One source and what it takes to run it."""

    def __init__(self, config: SourceConfig, make: Callable[[SourceConfig], Source]) -> None:
        self.config, self._make = config, make
        self.component: Source | None = None
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.again_at: float | None = None
        self._pause, self._began = _FIRST_PAUSE, 0.0

    def made(self) -> Source:
        """The component, made on first use; it may raise whatever a plugin's constructor raises."""
        if self.component is None:
            self.component = self._make(self.config)
        return self.component

    def start(self, inlet: Inlet) -> None:
        """Run it in a thread of its own until it ends, however it ends."""
        self.again_at, self._began = None, time.monotonic()
        self.thread = threading.Thread(target=self._body, args=(inlet,), name=f"alert-source-{inlet.name}", daemon=True)
        self.thread.start()

    def _body(self, inlet: Inlet) -> None:
        try:
            self.made().run(inlet, self.stop)
        except Exception as error:  # noqa: BLE001 whatever a plugin's source raises is reported and takes out it alone
            inlet.end(error)
        else:
            inlet.end()

    def rest(self, error: Exception) -> None:
        """Have it started again after a pause, which grows as long as it fails soon."""
        now = time.monotonic()
        if isinstance(error, SourceError) and not error.retryable:
            self.again_at = now + _LONG_REST
            return
        if now - self._began > _LONGEST_PAUSE:
            self._pause = _FIRST_PAUSE
        self.again_at = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


class Sources:
    """The sources of a run.

    Args:
        config: Which there are.
        feed: Where they push to.
        resolver: `Plugins.resolve_secret`.
        report: Called with the source's configuration and its error when one fails.
    """

    def __init__(self, config: Config, feed: Feed, *, resolver: Any, report: Callable[[SourceConfig, Exception], None]) -> None:
        self._config, self._feed, self._resolver, self._report = config, feed, resolver, report
        self._running: dict[str, _Running] = {}
        self.failed: list[str] = []
        for source in config.sources.values():
            self._running[source.name] = _Running(source, self._made)

    def start(self, name: str, inlet: Inlet) -> None:
        """Begin to read, from the inlet's cursor on."""
        self._running[name].start(inlet)

    def read(self, name: str, start: Cursor, end: Cursor) -> Iterator[Batch]:
        """A range of a source once more.

        Raises:
            SourceError: It is gone, or the source is not configured any more.
        """
        if name not in self._running:
            raise SourceError(
                f"source {name!r} is not configured any more; what it gave since the last snapshot is not counted"
            )
        try:
            return self._running[name].made().read(start, end)
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(f"source {name!r} cannot be set up: {type(error).__name__}: {error}") from error

    def live(self, name: str) -> bool:
        """Whether a source tells of the present."""
        return self._running[name].config.cls.live

    def forget(self, name: str, before: Cursor) -> None:
        """Nothing before this cursor will be asked for again."""
        component = self._running[name].component if name in self._running else None
        if isinstance(component, Spooled):
            component.forget(before)

    def look_after(self, *, restart: bool) -> None:
        """Report the sources that failed since the last call, and start them again after a growing pause."""
        for name, running in self._running.items():
            inlet = self._feed.inlets.get(name)
            if inlet is None:
                continue
            if inlet.error is not None:
                self._note_failure(running, inlet, restart=restart)
            elif running.again_at is not None and time.monotonic() >= running.again_at:
                inlet.ended = False
                running.start(inlet)

    def _note_failure(self, running: _Running, inlet: Inlet, *, restart: bool) -> None:
        error, inlet.error = inlet.error, None
        assert error is not None
        if not isinstance(error, SourceError):
            _log.error("source %s: fault in its plugin", inlet.name, exc_info=error)
        self._report(running.config, error)
        self.failed.append(inlet.name)
        if restart:
            running.rest(error)

    @property
    def waiting(self) -> bool:
        """Whether a failed source is to be started again."""
        return any(running.again_at is not None for running in self._running.values())

    def change(self, config: Config) -> list[str]:
        """Go on with another configuration: what did not change and does not rest runs on; answers what is to be started."""
        kept = {
            name
            for name, running in self._running.items()
            if config.sources.get(name) == running.config and running.again_at is None
        }
        for name in self._running.keys() - kept:
            self._end([name])
            del self._running[name]
        self._config = config
        new = [source for name, source in config.sources.items() if name not in kept]
        self._running.update((source.name, _Running(source, self._made)) for source in new)
        return [source.name for source in new]

    def _made(self, source: SourceConfig) -> Source:
        return make_source(self._config, source, self._resolver)

    def stop(self) -> None:
        """End all sources; what they pushed and nobody took will be read again."""
        self._end(list(self._running))

    def _end(self, names: list[str]) -> None:
        for name in names:
            self._running[name].stop.set()
            if name in self._feed.inlets:
                self._feed.remove(name)
        for name in names:
            thread = self._running[name].thread
            if thread is not None:
                thread.join(timeout=5)
            component = self._running[name].component
            if isinstance(component, Spooled):
                component.close()
