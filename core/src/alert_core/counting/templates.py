"""What the engine does with an event, before filters and values are known: templates of `alert_core.evaluators.build`.

They say the same as `on_event`, which a property test holds them to, with the usual cases first and in line. What is not in
line goes to `slow`, which is `on_event`. `need` is one less than the count: with this event, the window is full when that many
before it are inside.
"""

from __future__ import annotations

__all__ = ["ANY", "DISTINCT", "SINGLE"]

ANY = """\
{guard}
state = {own}state
if time <= state.wake:
    state.suppressed += event.count
    {done}
if time < state.newest or event.count != 1:
    {own}slow(event, time)
    {done}
times = {own}times
if time < state.until:
    state.suppressed += 1
else:
    need = {own}need
    if not need or len(times) >= need and time - times[{own}back] < {own}window:
        {own}slow(event, time)
        {done}
state.newest = time
times.append(time)
if len(times) > {own}limit:
    del times[: -{own}count]
"""

SINGLE = """\
{guard}
states = {own}states
if time >= states.edge:
    states.rotate(time)
if event.count != 1:
    {own}slow(event, time)
    {done}
key = event.computer
current = states.current
need = {own}need
if key in current:
    state = current[key]
elif key in states.previous:
    state = current[key] = states.previous.pop(key)
elif need and key not in states.fired and len(current) < states.half:
    current[key] = time
    {done}
else:
    {own}slow(event, time)
    {done}
kind = type(state)
if kind is list:
    if time >= state[-1] and (len(state) < need or time - state[{own}back] >= {own}window):
        state.append(time)
        if len(state) > {own}limit:
            del state[: -{own}count]
        {done}
elif kind is {own}datetime:
    if time >= state and (need > 1 or time - state >= {own}window):
        current[key] = [state, time]
        {done}
elif time <= state.wake:
    state.suppressed += 1
    {done}
elif time >= state.newest:
    times = state.times
    if time < state.until:
        state.suppressed += 1
    elif not need or len(times) >= need and time - times[{own}back] < {own}window:
        {own}slow(event, time)
        {done}
    state.newest = time
    times.append(time)
    if len(times) > {own}limit:
        del times[: -{own}count]
    {done}
{own}slow(event, time)
"""

DISTINCT = """\
{guard}
state = {own}state
if time <= state.wake:
    state.suppressed += event.count
    {done}
if time < state.newest:
    {own}slow(event, time)
    {done}
state.newest = time
seen = {own}seen
key = event.computer
if key in seen:
    seen[key] = time
    seen.move_to_end(key)
else:
    if len(seen) == {own}count:
        seen.popitem(False)
    seen[key] = time
if time < state.until:
    state.suppressed += event.count
elif len(seen) == {own}count:
    for since in seen.values():
        break
    if time - since < {own}window:
        {own}settle(event)
"""
