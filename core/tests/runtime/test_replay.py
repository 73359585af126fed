"""A replay decides what a run decides, byte for byte, and leaves no trace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alert_core.errors import SourceError
from alert_core.runtime.inputs import recorded
from alert_core.runtime.replay import replay
from alert_core.store import decision_line

if TYPE_CHECKING:
    from conftest import World

CONDITIONS = """
[conditions.three]
type = "threshold"
count = 3
minutes = 10
damper = 5
actions = ["keep"]
[conditions.computers]
type = "threshold"
per = "distinct-computers"
count = 3
minutes = 60
damper = "none"
subject = "{{ computers | join(' ') }}"
[conditions.unreadable]
type = "threshold"
count = 1
event_types = ["unparsed"]
"""


def fill(world: World) -> None:
    other = f'[sources.other]\ntype = "lines"\npath = {json.dumps(str(world.folder / "other"))}\n'
    world.configure(other + CONDITIONS)
    for minute in range(0, 200, 2):
        world.append(minute, computer=f"pc-{minute % 7}", count=1 + minute % 3)
        world.append(minute + 1, minute - 3, computer=f"srv-{minute % 5}", file="other")
    world.write("kernel: oops\n", file="other")


def test_a_replay_decides_what_a_run_decides(world: World) -> None:
    fill(world)
    world.run_once()

    decided = sorted(replay(recorded(world.config())), key=lambda it: (it.time, it.id))

    assert len(decided) > 50
    assert [decision_line(one) for one in decided] == [decision_line(entry.notification) for entry in world.log]


def test_a_replay_tells_nobody_and_keeps_nothing(world: World) -> None:
    fill(world)

    decided = list(replay(recorded(world.config())))

    assert decided != []
    assert world.told == []
    assert not (world.folder / "state").exists()


def test_a_replay_says_how_far_it_is(world: World) -> None:
    fill(world)
    sizes: list[int] = []

    list(replay(recorded(world.config()), progress=sizes.append))

    assert sum(sizes) == sum((world.folder / name).stat().st_size for name in ("log", "other"))


def test_a_source_that_fails_is_an_error_after_what_could_be_decided(world: World) -> None:
    fill(world)
    (world.folder / "other").unlink()
    decided = replay(recorded(world.config()))

    first = next(decided)
    with pytest.raises(SourceError, match="cannot read"):
        list(decided)

    assert first.condition == "three"
