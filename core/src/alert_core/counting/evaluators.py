"""The evaluators: any, single and distinct computers."""

from __future__ import annotations

from abc import abstractmethod
from bisect import insort
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import msgspec

from alert_core.counting.states import CountState, Damped, DistinctState, SharedState
from alert_core.counting.templates import ANY, DISTINCT, SINGLE
from alert_core.evaluators import Emit, Evaluator, Guard, Hit, build
from alert_core.generations import NEVER, Generations, moved, pack
from alert_core.model import Firing

__all__ = ["AnyCount", "DistinctCount", "SharedDamperCount", "SingleCount"]

StateT = TypeVar("StateT", bound=Damped)


class _Counter(Evaluator[StateT]):
    """Settings and codec that the counting evaluators share.

    Args:
        count: The smallest quantity that fires, 1 or more.
        window: How long an event counts.
        damper: How long the condition keeps quiet after firing; zero for never.
    """

    fields: ClassVar[frozenset[str] | None] = frozenset({"computer"})
    owns_damper: ClassVar[bool] = True

    def __init__(self, *, count: int, window: timedelta, damper: timedelta) -> None:
        self.count, self.window, self.damper = count, window, damper

    def _firing(self, key: str, state: StateT, **facts: Any) -> Firing:
        return Firing(key=key, time=state.newest, suppressed=state.fired(self.window, self.damper), **facts)

    @abstractmethod
    def _fast(self, states: Any, emit: Emit) -> tuple[str, dict[str, Any]]:
        """The template of the function that the engine calls, and the names it uses."""

    def compile(self, states: Any, emit: Emit, guard: Guard) -> Hit:
        template, names = self._fast(states, emit)
        slow = super().compile(states, emit, Guard())
        need = self.count - 1
        names |= {"count": self.count, "need": need, "back": -need, "limit": 2 * self.count, "window": self.window}
        return build(template, guard, names | {"slow": slow})


class AnyCount(_Counter[CountState]):
    """Occurrences on any computer: the sum of counts reaches the number. One state."""

    def key(self, event: Any) -> str:
        return ""

    def new_state(self) -> CountState:
        return CountState()

    def on_event(self, key: str, state: CountState, event: Any) -> Firing | None:
        if state.admit(event.time, event.count, self.window):
            _insert(state.times, event.time, min(event.count, self.count), keep=self.count)
        return self._settle(key, state, event.count)

    def _settle(self, key: str, state: CountState, count: int) -> Firing | None:
        """Fire if the oldest of the last `count` events is inside the window and no damper is active."""
        times = state.times
        if state.newest < state.until or len(times) < self.count or state.newest - times[-self.count] >= self.window:
            return None
        since = times[-self.count]
        times.clear()
        return self._firing(key, state, quantity=max(self.count, count), since=since)

    def dump(self, state: CountState) -> bytes:
        fields = (self.state_version, state.times, state.newest, state.until, state.wake, state.suppressed, state.late)
        return pack(fields)

    def load(self, raw: bytes) -> CountState:
        _, times, newest, until, wake, suppressed, late = _COUNT_CODEC.decode(raw)
        state = CountState(times)
        state.newest, state.until, state.wake, state.suppressed, state.late = newest, until, wake, suppressed, late
        return state

    def _fast(self, states: Any, emit: Emit) -> tuple[str, dict[str, Any]]:
        state = states.setdefault("", self.new_state())
        return ANY, {"state": state, "times": state.times}


class SingleCount(AnyCount):
    """Occurrences on a single computer: some one computer reaches the number. A state and a damper for each computer.

    Args:
        limit: How many computers are remembered at most.
    """

    def __init__(self, *, count: int, window: timedelta, damper: timedelta, limit: int = 1_000_000) -> None:
        super().__init__(count=count, window=window, damper=damper)
        self.limit = limit

    def key(self, event: Any) -> str:
        return str(event.computer)

    def states(self) -> Generations:
        return Generations(self.window, CountState, limit=self.limit)

    def _fast(self, states: Any, emit: Emit) -> tuple[str, dict[str, Any]]:
        return SINGLE, {"states": states, "datetime": datetime}


class SharedDamperCount(Evaluator[SharedState]):
    """Occurrences on a single computer with `damper_per = "condition"`, as the vendor does it: one state, one damper for all.

    It counts like `SingleCount`; while the one damper is active, the windows of all computers go on but nothing fires.
    """

    fields: ClassVar[frozenset[str] | None] = frozenset({"computer"})
    owns_damper: ClassVar[bool] = True

    def __init__(self, *, count: int, window: timedelta, damper: timedelta, limit: int = 1_000_000) -> None:
        self.single = SingleCount(count=count, window=window, damper=timedelta(0), limit=limit)
        self.damper = damper

    def key(self, event: Any) -> str:
        return ""

    def new_state(self) -> SharedState:
        return SharedState(self.single.states())

    def on_event(self, key: str, state: SharedState, event: Any) -> Firing | None:
        state.computers.enter(event.time)
        own = state.computers.get(event.computer) or self.single.new_state()
        # The damper is the condition's, the window the computer's: lend it for this event.
        own.until, own.wake, own.suppressed = state.until, state.wake, state.suppressed
        firing = self.single.on_event(event.computer, own, event)
        state.suppressed, own.suppressed = own.suppressed, 0
        own.until = own.wake = NEVER
        if firing is not None and self.damper:
            state.until = moved(firing.time, self.damper)
            state.wake = moved(state.until, -self.single.window)
        if firing is not None:
            state.suppressed = 0
        state.computers[event.computer] = own
        return firing

    def dump(self, state: SharedState) -> bytes:
        computers = state.computers.save(self.single)
        return pack((self.state_version, computers, state.until, state.wake, state.suppressed))

    def load(self, raw: bytes) -> SharedState:
        state = self.new_state()
        _, computers, state.until, state.wake, state.suppressed = _SHARED_CODEC.decode(raw)
        state.computers.restore(self.single, computers)
        return state


class DistinctCount(_Counter[DistinctState]):
    """Occurrences on distinct computers: so many different ones have at least one. One state."""

    def key(self, event: Any) -> str:
        return ""

    def new_state(self) -> DistinctState:
        return DistinctState()

    def on_event(self, key: str, state: DistinctState, event: Any) -> Firing | None:
        if state.admit(event.time, event.count, self.window):
            self._see(state.seen, event.computer, event.time)
        return self._settle(key, state)

    def _see(self, seen: OrderedDict[str, datetime], computer: str, time: datetime) -> None:
        """Note a computer, in the order of times; the least recent ones beyond the number are dropped."""
        if seen.get(computer, NEVER) > time:
            return
        seen[computer] = time
        seen.move_to_end(computer)
        for name in [name for name, other in seen.items() if other > time]:
            seen.move_to_end(name)
        if len(seen) > self.count:
            seen.popitem(last=False)

    def _settle(self, key: str, state: DistinctState) -> Firing | None:
        if state.newest < state.until or len(state.seen) < self.count:
            return None
        since = next(iter(state.seen.values()))
        if state.newest - since >= self.window:
            return None
        computers = tuple(state.seen)
        state.seen.clear()
        return self._firing(key, state, quantity=self.count, since=since, computers=computers)

    def dump(self, state: DistinctState) -> bytes:
        seen = list(state.seen.items())
        return pack((self.state_version, seen, state.newest, state.until, state.wake, state.suppressed, state.late))

    def load(self, raw: bytes) -> DistinctState:
        state = DistinctState()
        _, seen, state.newest, state.until, state.wake, state.suppressed, state.late = _DISTINCT_CODEC.decode(raw)
        state.seen.update(seen)
        return state

    def _fast(self, states: Any, emit: Emit) -> tuple[str, dict[str, Any]]:
        state = states.setdefault("", self.new_state())
        seen = state.seen

        def settle(event: Any) -> None:
            firing = self._settle("", state)
            if firing is not None:
                emit(firing, event)

        return DISTINCT, {"state": state, "seen": seen, "settle": settle}


def _insert(times: list[datetime], time: datetime, count: int, *, keep: int) -> None:
    """Add a time, `count` times over, in order; drop what is older than the newest `keep`, now and then."""
    if not times or time >= times[-1]:
        times.extend([time] * count)
    else:
        for _ in range(count):
            insort(times, time)
    if len(times) > 2 * keep:
        del times[:-keep]


_COUNT_CODEC = msgspec.msgpack.Decoder(tuple[int, list[datetime], datetime, datetime, datetime, int, int])
_SHARED_CODEC = msgspec.msgpack.Decoder(tuple[int, dict[str, bytes], datetime, datetime, int])
_DISTINCT_CODEC = msgspec.msgpack.Decoder(tuple[int, list[tuple[str, datetime]], datetime, datetime, datetime, int, int])
