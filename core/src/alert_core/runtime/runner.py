"""`alert run`: sources into the engine, firings into the store, deliveries out, until told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alert_core.components import Batch, Cursor
from alert_core.config.values import ConditionConfig, Config, SourceConfig
from alert_core.errors import AlertError
from alert_core.model import Notification
from alert_core.plugins import Plugins
from alert_core.runtime.dispatcher import Dispatcher
from alert_core.runtime.feed import Feed, Inlet
from alert_core.runtime.journal import ADVANCE, LIVE, RECORDED, Journal, recover
from alert_core.runtime.sources import Sources
from alert_core.store import Store

__all__ = ["Runner", "Summary"]

_log = logging.getLogger(__name__)

_TICK_SECONDS = 0.5
_PAUSE_SECONDS = 0.1
_FORGET_SECONDS = 3600.0
_COMMIT_SECONDS = 0.02
# Nobody waits for single notifications of recorded input, and every commit waits for the disk.
_COMMIT_SECONDS_ONCE = 0.2


@dataclass
class Summary:
    """What a run did, and how many deliveries it leaves to the next one."""

    batches: int = 0
    notifications: int = 0
    waiting: int = 0
    seconds: float = 0.0
    failed_sources: list[str] = field(default_factory=list)


class Runner:
    """One run over one configuration and one store.

    Args:
        config: What to do.
        plugins: With what.
        store: Where to remember it; this run claims it for itself.
        once: End when all sources have ended, instead of following them; their order is then that of their events' times.
        load: Reads the configuration anew, when it has changed.
        drain_seconds: How long a run that ends by itself waits for deliveries under way.
        told: Called with every new notification, once it is in the store.
    """

    def __init__(
        self,
        config: Config,
        plugins: Plugins,
        store: Store,
        *,
        once: bool = False,
        load: Callable[[], Config] | None = None,
        drain_seconds: float = 60.0,
        told: Callable[[Notification], None] | None = None,
    ) -> None:
        self._config, self._plugins, self._store = config, plugins, store
        self._once, self._load, self._drain_seconds, self._told = once, load, drain_seconds, told
        self._feed = Feed(ordered=once)
        self._dispatcher = Dispatcher(store, plugins, config)
        self._stopping = threading.Event()
        self._reload = threading.Event()
        self._stamps = _stamps(config)
        self._next_tick = self._next_forget = 0.0
        self._actions = _actions(config)
        self._ends: dict[str, Cursor] = {}
        self._kept_from: dict[str, Cursor] = {}
        self.summary = Summary()

    def stop(self) -> None:
        """End gracefully: everything decided is committed, deliveries under way get a moment. For signal handlers."""
        self._stopping.set()

    def reload(self) -> None:
        """Read the configuration anew. For signal handlers."""
        self._reload.set()

    def run(self) -> Summary:
        """Work until stopped, or until every source has ended.

        Raises:
            StoreError: The store cannot be used; nothing is lost, the next run goes on from what was committed.
        """
        started = time.monotonic()
        self._store.claim()
        # Not before: opening a spool repairs its end, which another run may be writing.
        self._sources = Sources(self._config, self._feed, resolver=self._plugins.resolve_secret, report=self._report_source)
        try:
            self._decider, number = recover(self._config, self._store, self._sources)
            self._journal = Journal(
                self._store,
                number,
                snapshot_seconds=self._config.store.snapshot_seconds,
                commit_seconds=_COMMIT_SECONDS_ONCE if self._once else _COMMIT_SECONDS,
            )
            # From here on every commit has a snapshot before it, so that a recovery knows the conditions of that time.
            self._save()
            self._remember_revisions()
            self._plugins.configured(self._config)
            self._deliver_meanwhile()
        finally:
            self._sources.stop()
        self.summary.seconds = time.monotonic() - started
        self.summary.waiting = sum(self._store.pending().values())
        self.summary.failed_sources = sorted(set(self._sources.failed))
        return self.summary

    def _deliver_meanwhile(self) -> None:
        self._dispatcher.start()
        try:
            self._start(self._config.sources)
            self._work()
            self._save()
            if not self._stopping.is_set():
                self._dispatcher.drain(self._drain_seconds)
        finally:
            self._dispatcher.stop()

    def _start(self, names: Iterable[str]) -> None:
        for name in names:
            inlet = self._feed.add(name, self._store.cursors(name), self._decider.progress(name))
            self._sources.start(name, inlet)

    def _work(self) -> None:
        while not self._stopping.is_set():
            taken = self._feed.take(self._patience())
            if taken is not None:
                self._decide(*taken)
            left = self._journal.seconds_left(behind=self._once or self._feed.waiting)
            if left is not None and left <= 0:
                self._commit()
            if time.monotonic() >= self._next_tick:
                self._tick()
            if taken is None and self._feed.exhausted:
                self._sources.look_after(restart=not self._once)
                if not self._sources.waiting:
                    return
                self._stopping.wait(_PAUSE_SECONDS)

    def _patience(self) -> float:
        """How long to wait for a batch: a commit or a tick may be due before one comes."""
        to_tick = max(0.0, self._next_tick - time.monotonic())
        left = self._journal.seconds_left(behind=self._once or self._feed.waiting)
        return to_tick if left is None else min(left, to_tick)

    def _decide(self, inlet: Inlet, batch: Batch) -> None:
        received = datetime.now(UTC)
        live = not self._once and self._sources.live(inlet.name)
        notifications = self._decider.decide(inlet.name, batch, received=received if live else None)
        inlet.progress = self._decider.progress(inlet.name)
        self.summary.batches += 1
        self._journal.add(inlet.name, batch, received, LIVE if live else RECORDED)
        self._journal.add_notifications(notifications, self._actions)
        self._ends[inlet.name] = batch.end
        for condition, error in self._decider.engine.take_faults():
            self._report(self._config.conditions[condition], "condition", error)

    def _commit(self) -> None:
        notifications, actions = self._journal.commit()
        self.summary.notifications += len(notifications)
        if actions:
            self._dispatcher.notify(actions)
        if self._told:
            for notification in notifications:
                self._told(notification)

    def _save(self) -> None:
        self._commit()
        self._journal.save(self._decider.snapshot)
        # A recovery may need the snapshot before this one, and so what was read since.
        for name, cursor in self._kept_from.items():
            self._sources.forget(name, cursor)
        self._kept_from = dict(self._ends)

    def _tick(self) -> None:
        """What is done now and then."""
        self._next_tick = time.monotonic() + _TICK_SECONDS
        self._sources.look_after(restart=not self._once)
        if self._decider.engine.timed and not self._once:
            now = datetime.now(UTC)
            notifications = self._decider.advance(now)
            self._journal.add("", None, now, ADVANCE)
            self._journal.add_notifications(notifications, self._actions)
        if self._journal.snapshot_due:
            self._save()
        if self._config.store.keep_days and time.monotonic() >= self._next_forget:
            self._next_forget = time.monotonic() + _FORGET_SECONDS
            self._store.forget(datetime.now(UTC) - timedelta(days=self._config.store.keep_days))
        if self._load and (self._reload.is_set() or _stamps(self._config) != self._stamps):
            self._reload.clear()
            self._change(self._load)

    def _change(self, load: Callable[[], Config]) -> None:
        """Go on with the configuration as it is now; if it is wrong, with the one there was."""
        self._stamps = _stamps(self._config)
        try:
            config = load()
        except AlertError as error:
            _log.error("the configuration has changed and is wrong; going on with the one before:\n%s", error)
            return
        self._save()
        snapshot = self._decider.snapshot()
        new = self._sources.change(config)
        self._config, self._actions, self._stamps = config, _actions(config), _stamps(config)
        decider = type(self._decider)(config)
        decider.restore(snapshot)
        self._decider = decider
        self._save()
        self._remember_revisions()
        self._plugins.configured(config)
        self._dispatcher.reload(config)
        self._start(new)
        _log.info("the configuration has changed and is in use")

    def _remember_revisions(self) -> None:
        self._store.remember_revisions(
            [(it.name, it.revision, it.settings.model_dump_json()) for it in self._config.conditions.values()]
        )

    def _report_source(self, source: SourceConfig, error: Exception) -> None:
        self._report(source, "source", error)

    def _report(self, configured: SourceConfig | ConditionConfig, kind: str, error: Exception) -> None:
        text = str(error) if isinstance(error, AlertError) else f"{type(error).__name__}: {error}"
        _log.warning("%s %s: %s", kind, configured.name, text)
        self._store.report_fault(self._plugins.owner(configured.cls), configured.name, kind, text)


def _actions(config: Config) -> dict[str, tuple[str, ...]]:
    return {name: condition.actions for name, condition in config.conditions.items()}


def _stamps(config: Config) -> dict[Path, tuple[int, int]]:
    """What tells that a file of the configuration was changed, added or removed."""
    folders = [file.with_suffix(".d") for file in config.files[:1]]
    stamps = {}
    for file in {*config.files, *(dropin for folder in folders for dropin in folder.glob("*.toml"))}:
        try:
            status = file.stat()
        except OSError:
            continue
        stamps[file] = (status.st_mtime_ns, status.st_ino)
    return stamps
