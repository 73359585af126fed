"""The functions that the engine calls per event, before their filters and values are known.

`{guard}` becomes the filters that are not decided by the index. Every name is an argument, never source text. `need` is one
less than the count: with this event, the window is full when that many before it are inside. What is not in line here goes to
`slow`, which is `on_event`.
"""

from __future__ import annotations

__all__ = ["ANY", "DISTINCT", "SINGLE"]

ANY = """\
def hit(event, time):
    {guard}
    if time <= state.wake:
        state.suppressed += event.count
        return
    if time < state.newest or event.count != 1:
        slow(event, time)
        return
    if time < state.until:
        state.suppressed += 1
    elif not need or len(times) >= need and time - times[-need] < window:
        slow(event, time)
        return
    state.newest = time
    times.append(time)
    if len(times) > limit:
        del times[:-count]
"""

SINGLE = """\
def hit(event, time):
    {guard}
    if time >= states.edge:
        states.rotate(time)
    if event.count != 1:
        slow(event, time)
        return
    key = event.computer
    current = states.current
    if key in current:
        state = current[key]
    elif key in states.previous:
        state = current[key] = states.previous.pop(key)
    elif need and key not in states.fired and len(current) < states.half:
        current[key] = time
        return
    else:
        slow(event, time)
        return
    kind = state.__class__
    if kind is list:
        if time >= state[-1] and (len(state) < need or time - state[-need] >= window):
            state.append(time)
            if len(state) > limit:
                del state[:-count]
            return
    elif kind is datetime:
        if time >= state and (need > 1 or time - state >= window):
            current[key] = [state, time]
            return
    elif time <= state.wake:
        state.suppressed += 1
        return
    elif time >= state.newest:
        times = state.times
        if time < state.until:
            state.suppressed += 1
        elif not need or len(times) >= need and time - times[-need] < window:
            slow(event, time)
            return
        state.newest = time
        times.append(time)
        if len(times) > limit:
            del times[:-count]
        return
    slow(event, time)
"""

DISTINCT = """\
def hit(event, time):
    {guard}
    if time <= state.wake:
        state.suppressed += event.count
        return
    if time < state.newest:
        slow(event, time)
        return
    state.newest = time
    key = event.computer
    if key in seen:
        seen[key] = time
        touch(key)
    else:
        if len(seen) == count:
            drop(False)
        seen[key] = time
    if time < state.until:
        state.suppressed += event.count
    elif len(seen) == count:
        for since in values():
            break
        if time - since < window:
            settle(event)
"""
