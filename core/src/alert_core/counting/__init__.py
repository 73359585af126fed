"""Counting within a window, with a damper: what `threshold` and most conditions are made of.

The rules, for one state (DESIGN: semantics 1 to 6):

* The window holds the unused events of the last M minutes: times in `(newest - M, newest]`, where *newest* is the newest event
  time this state has seen. An event exactly M old is out.
* When the quantity is reached and no damper is active, the condition fires at `newest`; the window is emptied and the damper
  starts there. It is active for times before its end, and what arrives meanwhile is counted as suppressed.
* A late event inside the window counts as if it had come in time; an older one is only counted as late.

Each evaluator says this twice: once readably, in `on_event`, and once as a template for the function that the engine calls per
event, which does the common case in line and hands everything else to `on_event`. A property test holds them equal.
"""

from __future__ import annotations

from alert_core.counting.evaluators import AnyCount, DistinctCount, SharedDamperCount, SingleCount

__all__ = ["AnyCount", "DistinctCount", "SharedDamperCount", "SingleCount"]
