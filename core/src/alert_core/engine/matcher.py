"""From event types and filters to functions: the cost of an event follows the conditions that match, not those that exist.

Each condition is indexed by one of its filters, the most selective. Per event type there is one generated function that looks
at each indexed field once and calls the conditions found there; a condition's other filters are its guard, decided inside the
condition's own function. Globs, negations and comparisons are decided once per distinct value and remembered.

Events are taken type by type, those of one type in their order: what one type needs then stays in the processor's cache. A
condition about a single type sees its events in order all the same. Conditions about several types come after, event by event.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

from alert_core.engine.code import Code
from alert_core.engine.watch import Watch
from alert_core.evaluators import Emit, Hit
from alert_core.filters import Filter
from alert_core.projection import Projection

__all__ = ["Matcher"]

_TYPES = 10_000

Handler = Callable[[Sequence[Any]], None]
Put = Callable[[Any], None]


class _Puts(dict[str, Put]):
    """Event type -> what takes its events.

    Args:
        bucket: Makes what takes them, if there is any need.
    """

    def __init__(self, bucket: Callable[[str], Put | None]) -> None:
        super().__init__()
        self._make = bucket
        self._ignore: Put = deque[Any](maxlen=0).append

    def __missing__(self, event_type: str) -> Put:
        put = self._make(event_type) or self._ignore
        # Hostile input may make up types without end; then they are looked up each time.
        if put is not self._ignore or len(self) < _TYPES:
            self[event_type] = put
        return put


class Matcher:
    """The compiled form of all conditions.

    Args:
        watches: The conditions, in their order.
        projection: Where the fields are found in what is matched.
        emit: Makes the function that a condition calls when it fires.
    """

    def __init__(self, watches: Sequence[Watch], projection: Projection, emit: Callable[[Watch], Emit]) -> None:
        self._watches = watches
        self._code = Code(projection, len({(part.field, part.text) for watch in watches for part in watch.filters}))
        self._alone = Counter(watch.filters[0].field for watch in watches if len(watch.filters) == 1)
        self._indexed = [self._index(watch) for watch in watches]
        pairs = zip(watches, self._indexed, strict=True)
        self.hits: list[Hit] = [self._compile(watch, indexed, emit(watch)) for watch, indexed in pairs]
        self._several = [number for number, watch in enumerate(watches) if watch.single_type is None]
        self._singles: dict[str, list[int]] = {}
        for number, watch in enumerate(watches):
            if watch.single_type is not None:
                self._singles.setdefault(watch.single_type, []).append(number)
        self._puts = _Puts(self._bucket)
        self._work: list[tuple[Handler, list[Any]]] = []
        self._handlers: dict[str, Handler | None] = {}
        self._shared: dict[tuple[int, ...], Handler] = {}

    def _index(self, watch: Watch) -> Filter | None:
        """The filter to index a condition by: the most selective, but rather on a field that is looked at anyway."""
        if not watch.filters:
            return None
        return min(watch.filters, key=lambda it: (it.network is not None, it.share * (1 if self._alone[it.field] else 3)))

    def _compile(self, watch: Watch, indexed: Filter | None, emit: Emit) -> Hit:
        rest = sorted((part for part in watch.filters if part is not indexed), key=lambda part: part.share)
        return watch.evaluator.compile(watch.states, emit, self._code.guard(rest))

    def feed(self, items: Sequence[Any]) -> None:
        """Show events to the conditions that they concern."""
        puts = self._puts
        for item in items:
            puts[item.type](item)
        for handle, bucket in self._work:
            if bucket:
                handle(bucket)
                bucket.clear()
        if self._several:
            for item in items:
                handler = self.handler(item.type)
                if handler is not None:
                    handler((item,))

    def _bucket(self, event_type: str) -> Put | None:
        """What takes events of a type that was not seen yet; `None` when no condition is about this type alone."""
        numbers = self._singles.get(event_type)
        if numbers is None:
            return None
        bucket: list[Any] = []
        self._work.append((self._generate(numbers), bucket))
        return bucket.append

    def handler(self, event_type: str) -> Handler | None:
        """The function for events of a type whose conditions are about several; `None` when none wants them."""
        if event_type in self._handlers:
            return self._handlers[event_type]
        if len(self._handlers) >= _TYPES:
            self._handlers.clear()
        wanting = tuple(number for number in self._several if self._watches[number].wants(event_type))
        handler = None
        if wanting:
            handler = self._shared.get(wanting) or self._shared.setdefault(wanting, self._generate(wanting))
        self._handlers[event_type] = handler
        return handler

    def _generate(self, numbers: Sequence[int]) -> Handler:
        return self._code.handler([(self._indexed[number], self.hits[number]) for number in numbers])

    def handler_of(self, number: int) -> Handler | None:
        """A function that leads to this condition, for explanations."""
        watch = self._watches[number]
        if watch.single_type is not None:
            return self._generate(self._singles[watch.single_type])
        return self.handler(min(watch.types, default="any"))
