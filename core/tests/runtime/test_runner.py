"""What a run gives, and what is left when it ends: well, badly, or with another configuration."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from alert_core import Context, EventSource, Push, Settings, SourceError
from alert_core.errors import StoreError

if TYPE_CHECKING:
    from conftest import World

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIVE = """
[conditions.five]
type = "threshold"
count = 5
minutes = 60
damper = "none"
actions = ["keep"]
"""
SAME_WITH_OTHER_WORDS = FIVE + 'subject = "five of them"\n'
THREE = FIVE.replace("five", "three").replace("count = 5", "count = 3")
EACH = FIVE.replace("five", "each").replace("count = 5", "count = 1")


def test_what_is_there_is_decided_and_told_and_the_run_ends(world: World) -> None:
    world.configure(FIVE)
    world.append(0, 1, 2, 3, 4, 5)

    summary = world.run_once()

    assert (summary.notifications, summary.failed_sources) == (1, [])
    assert world.fired == [("five", 4)]
    assert [notification.id for notification in world.told] == [world.log[0].notification.id]
    assert [delivery.state for delivery in world.log[0].deliveries] == ["delivered"]


def test_the_next_run_goes_on_where_the_last_one_ended(world: World) -> None:
    world.configure(FIVE)
    world.append(0, 1, 2)
    world.run_once()
    world.append(3, 4)

    world.run_once()

    assert world.fired == [("five", 4)]


def test_stopping_loses_nothing_that_was_read(world: World) -> None:
    world.configure(FIVE)
    world.append(0, 1, 2)
    world.start()
    world.read_up_to_here()

    world.stop()
    world.append(3, 4)
    world.run_once()

    assert world.fired == [("five", 4)]


def test_new_lines_are_told_about_while_it_runs(world: World) -> None:
    told: list[str] = []
    world.configure(EACH)
    world.append(0)
    world.start(told=lambda notification: told.append(notification.condition))
    world.until(lambda: len(told) == 1)

    world.append(1)

    world.until(lambda: len(world.told) == 2)
    assert told == ["each", "each"]


def test_a_live_run_ends_when_all_its_sources_have(world: World) -> None:
    world.configure(FIVE)
    toml = (world.folder / "alert.toml").read_text()
    (world.folder / "alert.toml").write_text(toml.replace('type = "lines"\n', 'type = "lines"\nfollow = false\n'))
    world.append(0, 1, 2, 3, 4)

    world.start()
    world.wait_for_end()

    assert world.fired == [("five", 4)]


def test_only_one_run_at_a_time_uses_a_store(world: World) -> None:
    world.configure(FIVE)
    world.append(0)
    world.start()
    world.read_up_to_here()

    with pytest.raises(StoreError, match="in use by a running alert"):
        world.run_once()


# --- another configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [True, False], ids=["on request", "when the file changes"])
def test_a_condition_goes_on_counting_over_a_reload(world: World, asked: bool) -> None:
    world.configure(FIVE)
    world.append(0, 1, 2)
    runner = world.start()
    world.read_up_to_here()

    world.configure(SAME_WITH_OTHER_WORDS + EACH)
    if asked:
        runner.reload()
    world.until(lambda: revisions(world, "five") == 2)
    world.append(3, 4)

    world.until(lambda: ("five", 4) in world.fired)
    five = next(entry.notification for entry in world.log if entry.notification.condition == "five")
    assert (five.subject, five.quantity) == ("five of them", 5)
    assert [fired for fired in world.fired if fired[0] == "each"] == [("each", 3), ("each", 4)]


def revisions(world: World, condition: str) -> int:
    """How many wordings of a condition were used so far."""
    with sqlite3.connect(world.folder / "state" / "alert.db") as database:
        (number,) = database.execute("select count(*) from revisions where condition = ?", (condition,)).fetchone()
    database.close()
    return int(number)


def test_a_condition_that_is_changed_begins_anew_and_others_do_not(world: World) -> None:
    world.configure(FIVE + THREE)
    world.append(0, 1)
    world.start()
    world.read_up_to_here()

    world.configure(FIVE + THREE.replace("minutes = 60", "minutes = 59"))
    world.until(lambda: revisions(world, "three") == 2)
    world.append(2, 3)
    world.read_up_to_here()
    assert world.fired == []
    world.append(4)

    world.until(lambda: len(world.fired) == 2)
    assert sorted(world.fired) == [("five", 4), ("three", 4)]


def test_a_wrong_configuration_is_reported_and_the_one_before_goes_on(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.configure(FIVE)
    world.append(0, 1, 2)
    runner = world.start()
    world.read_up_to_here()

    world.configure("[conditions.five]\ntype = 'treshold'\n")
    runner.reload()
    world.until(lambda: "going on with the one before" in caplog.text)
    world.append(3, 4)

    world.until(lambda: world.fired == [("five", 4)])
    assert "did you mean 'threshold'?" in caplog.text


def test_a_condition_added_while_it_was_down_knows_nothing_of_the_past(world: World) -> None:
    world.configure(FIVE)
    world.append(0, 1, 2, 3, 4)
    die_after_the_first_notification(world)

    world.configure(FIVE + THREE)
    world.run_once()
    assert world.fired == [("five", 4)]
    world.append(5, 6, 7)
    world.run_once()

    assert world.fired == [("five", 4), ("three", 7)]


def test_a_source_can_be_added_and_removed_while_it_runs(world: World) -> None:
    other = f'[sources.other]\ntype = "lines"\npath = {json.dumps(str(world.folder / "other"))}\n'
    world.configure(FIVE)
    world.append(0, 1)
    world.append(2, 3, file="other")
    world.start()
    world.read_up_to_here()

    world.configure(other + FIVE)
    world.append(4)

    world.until(lambda: world.fired == [("five", 4)])
    world.configure(SAME_WITH_OTHER_WORDS)
    world.until(lambda: revisions(world, "five") == 2)
    world.append(5, file="other")
    world.append(6, 7, 8, 9)
    world.read_up_to_here()
    assert world.fired == [("five", 4)]


# --- a bad end ---------------------------------------------------------------------------------------------------------------


class DiedError(Exception):
    """What a test throws into a run to end it at once."""


def die_after_the_first_notification(world: World) -> None:
    """End a run right after it has committed something, without the snapshot of a good end."""

    def die(_: object) -> None:
        raise DiedError

    with pytest.raises(DiedError):
        world.run_once(told=die)


def test_windows_and_dampers_survive_a_crash(world: World) -> None:
    world.configure(FIVE.replace('damper = "none"', "damper = 30"))
    world.append(0, 1, 2, 3, 4, 5, 6)
    die_after_the_first_notification(world)

    world.append(31, 32, 33)
    world.run_once()

    # It sleeps from minute 4 to 34; the seven of minutes 5 to 33 and the one that wakes it up are a full window.
    assert world.fired == [("five", 4)]
    world.append(34)
    world.run_once()
    assert world.fired == [("five", 4), ("five", 34)]
    assert world.log[1].notification.suppressed == 5


def test_a_damaged_snapshot_is_replaced_by_the_one_before(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.configure(FIVE)
    world.append(0, 1)
    world.run_once()
    world.append(2)
    world.run_once()
    damage_snapshots(world, newest_only=True)
    world.append(3, 4)

    world.run_once()

    assert world.fired == [("five", 4)]
    assert "cannot be read" in caplog.text


def test_without_any_readable_snapshot_it_says_what_to_do(world: World) -> None:
    world.configure(FIVE)
    for minute in range(4):
        world.append(minute)
        world.run_once()
    damage_snapshots(world, newest_only=False)

    with pytest.raises(StoreError, match="no snapshot in the store can be read; move the store's folder away"):
        world.run_once()


def damage_snapshots(world: World, *, newest_only: bool) -> None:
    with sqlite3.connect(world.folder / "state" / "alert.db") as database:
        where = "where number = (select max(number) from snapshots)" if newest_only else ""
        assert database.execute(f"update snapshots set data = x'93ff' {where}").rowcount > 0
    database.close()


def test_what_cannot_be_read_again_is_reported_and_does_not_stop_the_recovery(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.configure(EACH)
    world.append(0)
    die_after_the_first_notification(world)
    (world.folder / "log").write_text("")

    with caplog.at_level(logging.WARNING):
        world.run_once()

    assert "recovery: source log: the lines are gone" in caplog.text
    assert world.fired == [("each", 0)]


# --- sources -----------------------------------------------------------------------------------------------------------------


def test_a_source_that_fails_is_reported_and_started_again_and_others_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    started = threading.Event()
    failures = [SourceError("the cable is out"), RuntimeError("a bug")]

    class Shaky(EventSource[Settings]):
        """Fail twice."""

        name = "shaky"
        label = "Shaky"

        def run(self, push: Push, stop: threading.Event) -> None:
            if failures:
                raise failures.pop(0)
            started.set()
            stop.wait()

    world.sources.append(Shaky)
    world.configure('[sources.shaky]\ntype = "shaky"\n' + FIVE)
    world.append(0, 1, 2, 3, 4)

    world.start()

    world.until(lambda: world.fired == [("five", 4)])
    world.until(started.is_set)
    assert "source shaky: the cable is out" in caplog.text
    assert "source shaky: RuntimeError: a bug" in caplog.text


def test_a_source_that_must_not_ask_again_soon_rests_until_the_configuration_is_read_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alert_core.runtime.sources._FIRST_PAUSE", 0.01)
    attempts: list[str] = []

    class Locked(EventSource[Settings]):
        """Is let in the second time."""

        name = "locked"
        label = "Locked"

        def run(self, push: Push, stop: threading.Event) -> None:
            attempts.append(self.context.name)
            if len(attempts) == 1:
                raise SourceError("the password is refused", retryable=False)
            stop.wait()

    world.sources.append(Locked)
    world.configure('[sources.door]\ntype = "locked"\n' + FIVE)
    runner = world.start()
    world.until(lambda: attempts)
    world.append(0, 1, 2, 3, 4)
    world.read_up_to_here()
    before = len(attempts)

    runner.reload()

    world.until(lambda: len(attempts) == 2)
    assert before == 1


def test_a_source_that_cannot_be_set_up_does_not_keep_the_others_from_running(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Unset(EventSource[Settings]):
        """Cannot even be made."""

        name = "unset"
        label = "Unset"

        def __init__(self, settings: Settings, context: Context) -> None:
            raise OSError("no such device")

        def run(self, push: Push, stop: threading.Event) -> None:
            raise AssertionError("it was never made")

    world.sources.append(Unset)
    world.configure('[sources.unset]\ntype = "unset"\n' + FIVE)
    world.append(0, 1, 2, 3, 4)

    summary = world.run_once()

    assert world.fired == [("five", 4)]
    assert summary.failed_sources == ["unset"]
    assert "source unset: OSError: no such device" in caplog.text


def test_a_source_that_fails_in_the_end_is_named_in_the_summary(world: World) -> None:
    world.configure('[sources.absent]\ntype = "lines"\npath = "/nowhere/log"\n' + FIVE)
    world.append(0, 1, 2, 3, 4)

    summary = world.run_once()

    assert summary.failed_sources == ["absent"]
    assert world.fired == [("five", 4)]


def test_sources_are_read_side_by_side_in_the_order_of_their_events(world: World) -> None:
    other = f'[sources.other]\ntype = "lines"\npath = {json.dumps(str(world.folder / "other"))}\n'
    world.configure(other + FIVE)
    world.append(0, 2, 4)
    world.append(100, 102, file="other")
    world.run_once()
    world.append(50)
    world.append(103, 104, 105, file="other")

    world.run_once()

    # Minute 50 is read before those of the other file, which has come further; else the fifth would be that of minute 105.
    assert world.fired == [("five", 104)]
    assert world.log[0].notification.since == START + timedelta(minutes=50)


def test_records_that_cannot_be_read_become_events(world: World) -> None:
    world.configure(EACH + 'event_types = ["unparsed"]\n')
    world.append(1)
    world.write(b"kernel: \xff oops\n")

    world.run_once()

    (entry,) = world.log
    assert world.fired == [("each", 1)]
    assert (entry.notification.event.type, entry.notification.event.raw) == ("unparsed", "kernel: \ufffd oops")


def test_a_live_event_from_the_future_is_taken_at_the_time_of_its_arrival(world: World) -> None:
    world.configure(EACH)
    before = datetime.now(UTC)
    world.write(json.dumps({"time": (before + timedelta(days=400)).isoformat(), "computer": "pc-1"}) + "\n")

    world.start()
    world.until(lambda: world.log)

    event = world.log[0].notification.event
    assert event.flags == ("future",)
    assert before <= event.time <= datetime.now(UTC) + timedelta(minutes=5)


def test_a_recorded_event_from_the_future_keeps_its_time(world: World) -> None:
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)
    world.configure(EACH)
    world.write(json.dumps({"time": later.isoformat()}) + "\n")

    world.run_once()

    event = world.log[0].notification.event
    assert (event.time, event.flags) == (later, ())


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:01+12:00"])
def test_an_event_from_the_edge_of_the_calendar_harms_nobody(world: World, time: str) -> None:
    world.configure(EACH.replace('"none"', '"auto"') + FIVE)
    world.write(json.dumps({"time": time, "count": 10**40}) + "\n")
    world.run_once()

    world.append(0, 1, 2)
    world.run_once()

    assert len(world.log) >= 1


@pytest.mark.parametrize("restarts", [(), (2,), (1, 2, 3, 4)], ids=["never", "once", "always"])
def test_the_words_are_in_universal_time_whatever_lies_between(world: World, restarts: tuple[int, ...]) -> None:
    world.configure(FIVE)
    for minute in range(5):
        if minute in restarts:
            world.run_once()
        world.write(json.dumps({"time": f"2026-03-01T20:0{minute}:00+08:00"}) + "\n")

    world.run_once()

    (entry,) = world.log
    assert "First counted: 2026-03-01 12:00:00+00:00" in entry.notification.body
    assert "Last counted:  2026-03-01 12:04:00+00:00" in entry.notification.body
