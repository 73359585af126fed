"""The engine: a pure function of (configuration, state, events, time)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from alert_core.components import Context
from alert_core.config.values import ConditionConfig
from alert_core.engine.matcher import Matcher
from alert_core.engine.watch import Watch
from alert_core.evaluators import Built, Emit, Hit, source_of
from alert_core.generations import in_utc
from alert_core.model import EVICTED, Event, Firing
from alert_core.projection import Projection

__all__ = ["Engine"]

_END = datetime.max.replace(tzinfo=UTC)

Snapshot = dict[str, dict[str, bytes]]


class Engine:
    """Decides which conditions are met. It does no I/O and knows no clock: time comes in with events and with `advance`.

    Args:
        conditions: The configured conditions. Their order is that of firings caused by one event.

    Attributes:
        projection: The part of an event that these conditions look at; what `process` takes.
    """

    def __init__(self, conditions: Sequence[ConditionConfig]) -> None:
        self._watches = [_watch(number, config) for number, config in enumerate(conditions)]
        self.projection = _projection(self._watches)
        self._fired: list[tuple[Watch, Firing, Any]] = []
        self._faults: list[tuple[str, Exception]] = []
        self._reports: list[tuple[datetime, Watch, int]] = []
        # Own events by the identity of their items, which therefore have to live until then.
        self._own: dict[int, tuple[Any, Event]] = {}
        for watch in self._watches:
            watch.states.report = partial(self._report_evicted, watch)
        self._matcher = self._compile()

    def _compile(self) -> Matcher:
        return Matcher(self._watches, self.projection, self._emitter)

    def _emitter(self, watch: Watch) -> Emit:
        fired, faults = self._fired, self._faults

        def emit(firing: Firing | Exception, item: Any) -> None:
            if isinstance(firing, Exception):
                faults.append((watch.name, firing))
            else:
                fired.append((watch, firing, item))

        return emit

    def process(self, items: Sequence[Any], event_at: Callable[[int], Event], *, horizon: datetime = _END) -> list[Firing]:
        """Take projected events in, in their order.

        Args:
            items: Events as `projection` decodes them.
            event_at: Gives the whole event of an item by its index; called for those that complete a firing only.
            horizon: An event later than this has a wrong clock: it is taken at this time and flagged `future`.

        Returns:
            The firings, in the order of the events that completed them.
        """
        if horizon is not _END:
            for item in items:
                if item.time > horizon:
                    item.time = horizon
        self._matcher.feed(items)
        while self._reports:
            reports, self._reports = sorted(self._reports, key=lambda it: (it[0], it[1].name)), []
            self._matcher.feed([self._own_item(*report) for report in reports])
        return self._take(items, event_at, horizon) if self._fired else []

    def process_events(self, events: Sequence[Event], *, horizon: datetime = _END) -> list[Firing]:
        """Take whole events in; see `process`."""
        return self.process([self.projection.project(event) for event in events], events.__getitem__, horizon=horizon)

    def _take(self, items: Sequence[Any], event_at: Callable[[int], Event], horizon: datetime) -> list[Firing]:
        """The firings since the last call, completed, in the order of their events and then of the conditions."""
        places = _places(items, {id(item) for _, _, item in self._fired})
        places.update((own, len(items) + index) for index, own in enumerate(self._own))
        firings: list[Firing] = []
        for watch, firing, item in sorted(self._fired, key=lambda it: (places[id(it[2])], it[0].number)):
            kept = watch.dampen(firing)
            if kept is not None:
                event = self._own[id(item)][1] if id(item) in self._own else event_at(places[id(item)])
                if event.time > horizon:
                    event = msgspec.structs.replace(event, time=horizon, flags=(*event.flags, "future"))
                firings.append(_completed(kept, watch, event))
        self._fired.clear()
        self._own.clear()
        return firings

    def _report_evicted(self, watch: Watch, time: datetime, keys: int) -> None:
        """Note that a condition gave up keys; an event of the engine's own says so when the events at hand are done."""
        self._reports.append((time, watch, keys))

    def _own_item(self, time: datetime, watch: Watch, keys: int) -> Any:
        event = Event(
            time=time,
            type=EVICTED,
            id=f"engine:{watch.name}:{watch.states.evicted}:{time.isoformat()}",
            source="engine",
            count=keys,
            severity="major",
            message=f"condition {watch.name!r} has too many keys at once and gave up the oldest {keys}",
            attributes={"condition": watch.name},
        )
        item = self.projection.project(event)
        self._own[id(item)] = (item, event)
        return item

    def advance(self, now: datetime) -> list[Firing]:
        """Let timers run out that are due by `now`; only conditions about absence or age have any.

        A firing by timer has no event; the engine gives it one of type `timer` at that time.
        """
        firings: list[Firing] = []
        for watch in self._watches:
            if watch.evaluator.timed:
                try:
                    firings += _run_timers(watch, now)
                except Exception as error:  # noqa: BLE001 an evaluator may be a plugin's, and must not stop other conditions
                    self._faults.append((watch.name, error))
        return firings

    def take_faults(self) -> list[tuple[str, Exception]]:
        """Conditions whose evaluators raised since the last call, and what; the event was not counted there."""
        faults = self._faults.copy()
        self._faults.clear()
        return faults

    @property
    def timed(self) -> bool:
        """Whether any condition has timers, so that `advance` is worth calling."""
        return any(watch.evaluator.timed for watch in self._watches)

    def evicted(self) -> dict[str, int]:
        """Condition -> keys given up so far because there were too many at once; only those that gave up any."""
        return {watch.name: watch.states.evicted for watch in self._watches if watch.states.evicted}

    def snapshot(self) -> Snapshot:
        """Everything that future decisions depend on: condition -> key -> state.

        A condition is named with its `state_revision`, so that a changed one does not find the state of its past.
        """
        return {_identity(watch.config): watch.save() for watch in self._watches}

    def restore(self, snapshot: Mapping[str, dict[str, bytes]]) -> list[str]:
        """Take a snapshot back. Conditions that it does not know start empty; their names are returned."""
        unknown = []
        for watch in self._watches:
            saved = snapshot.get(_identity(watch.config))
            if saved is None:
                unknown.append(watch.name)
            else:
                watch.restore(saved)
        # The compiled functions hold on to states, which are new objects now.
        self._matcher = self._compile()
        return unknown

    def explain(self, name: str) -> str:
        """The generated functions that an event passes on its way to one condition.

        Raises:
            KeyError: There is no such condition.
        """
        number = {watch.name: index for index, watch in enumerate(self._watches)}[name]
        watch, hit = self._watches[number], self._matcher.hits[number]
        types = sorted(watch.types) or ["any"]
        handler = self._matcher.handler_of(number)
        parts = [f"# The function for events of type {types[0]!r}:", source_of(handler) if handler else ""]
        parts += [f"# What it calls for condition {name!r}:", source_of(hit) or f"# {hit!r}: written by hand"]
        parts += [f"# where own.{key} = {value}" for key, value in _arguments(hit).items()]
        return "\n".join(parts)


def _completed(firing: Firing, watch: Watch, event: Event) -> Firing:
    # In UTC, because a snapshot forgets in which zone a sender had given a time.
    since = None if firing.since is None else in_utc(firing.since)
    return msgspec.structs.replace(firing, condition=watch.name, event=event, time=in_utc(firing.time), since=since)


def _places(items: Sequence[Any], wanted: set[int]) -> dict[int, int]:
    """Where the items of these identities stand."""
    if len(wanted) > 1:
        return {id(item): index for index, item in enumerate(items) if id(item) in wanted}
    # Hardly ever more than one event of a batch completes a firing, and most of what a firing costs would be this.
    (one,) = wanted
    for index, item in enumerate(items):
        if id(item) == one:
            return {one: index}
    return {}


def _run_timers(watch: Watch, now: datetime) -> Iterator[Firing]:
    for at, key in watch.due(now):
        firing = watch.evaluator.on_timer(key, watch.states[key], at)
        kept = firing and watch.dampen(firing)
        if kept:
            event = kept.event or Event(time=at, type="timer", id=f"timer:{watch.name}:{key}:{at.isoformat()}")
            yield _completed(kept, watch, event)
    watch.forget(now)


def _arguments(hit: Hit) -> dict[str, str]:
    """The plain values that a generated function works with."""
    owner = getattr(hit, "__self__", None)
    names: Sequence[str] = owner.__slots__ if isinstance(owner, Built) else ()
    values = {name: getattr(owner, name) for name in names}
    return {name: str(value) for name, value in values.items() if isinstance(value, str | int | float | frozenset | timedelta)}


def _identity(config: ConditionConfig) -> str:
    return f"{config.name}@{config.state_revision}"


def _watch(number: int, config: ConditionConfig) -> Watch:
    condition = config.cls(config.settings, Context(name=config.name))
    condition.damper, condition.damper_per = config.damper, config.damper_per
    return Watch(number, config, condition.evaluator(), condition.wanted_types())


def _projection(watches: Sequence[Watch]) -> Projection:
    filters = [part for watch in watches for part in watch.filters]
    mixed = {part.field for part in filters if not part.numeric}
    fields = set().union(*(watch.fields() for watch in watches)) if watches else set()
    numeric = {part.field for part in filters} - mixed - {"computer"}
    return Projection(fields, numeric=numeric, whole=any(watch.evaluator.fields is None for watch in watches))
