"""`alert run`, as somebody who types it sees it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Background, Desk

THREE = "three: 3 x events within 60 minutes"
TWO_FORMATS = """
[sources.other]
type = "file"
path = "other"
format = { type = "json", fields = { computer = "host" } }
"""


def test_it_prints_a_line_for_each_notification_and_ends_with_code_0(desk: Desk) -> None:
    desk.append(0, 1, 2)

    result = desk.alert("run", "--once")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(f"  major     {THREE}\n")
    assert result.stdout.count("\n") == 1
    assert desk.kept == [THREE]


def test_it_prints_json_for_programs(desk: Desk) -> None:
    desk.append(0, 1, 2)

    result = desk.alert("run", "--once", "--json")

    assert result.stdout == desk.decisions()
    assert json.loads(result.stdout)["condition"] == "three"


def test_named_files_are_read_instead_of_the_configured_sources(desk: Desk) -> None:
    desk.append(0, 1, 2)
    desk.append(10, 11, 12, 13, 14, 15, file="old.log")

    result = desk.alert("run", "old.log")

    assert result.exit_code == 0
    assert desk.kept == [THREE, THREE]
    assert '"id":"log:old.log:file:' in desk.decisions()


def test_several_files_are_read_side_by_side_as_a_replay_does(desk: Desk) -> None:
    desk.append(*range(0, 300, 3), file="a.log")
    desk.append(*range(1, 300, 3), file="b.log")
    replayed = desk.alert("replay", "--decisions", "b.log", "a.log")

    result = desk.alert("run", "a.log", "b.log")

    assert result.exit_code == 0
    assert desk.decisions() == replayed.stdout
    assert len(desk.decisions().splitlines()) > 10


def test_standard_input_is_read_as_the_file_named_hyphen(desk: Desk) -> None:
    from_a_pipe = "".join(json.dumps({"time": 60 * minute, "computer": "pc-1"}) + "\n" for minute in range(3))

    result = desk.alert("run", "-", stdin=from_a_pipe)

    assert result.exit_code == 0
    assert desk.kept == [THREE]
    assert '"source":"log:stdin"' in desk.decisions()


def test_like_says_which_source_files_are_like(desk: Desk) -> None:
    desk.configure(TWO_FORMATS, old="minutes = 60", new='minutes = 60\nper = "single-computer"')
    desk.append(0, 1, 2, host="db-1", file="old.log")

    unclear = desk.alert("run", "old.log")
    unknown = desk.alert("run", "--like", "othr", "old.log")
    clear = desk.alert("run", "--like", "other", "old.log")

    assert (unclear.exit_code, unknown.exit_code, clear.exit_code) == (2, 2, 0)
    assert unclear.stderr.startswith("error: the configured sources have different formats; say with --like which")
    assert unknown.stderr.startswith("error: there is no source 'othr'")
    assert desk.kept == ["three: 3 x events on db-1 within 60 minutes"]


def test_a_file_that_does_not_exist_is_an_error_that_names_it(desk: Desk) -> None:
    desk.append(0, 1, 2)

    result = desk.alert("run", "log", "absent.log")

    assert result.exit_code == 1
    assert "absent.log" in result.stderr
    assert result.stderr.splitlines()[-1] == "error: could not read log:absent.log"
    assert "Traceback" not in result.stderr
    assert desk.kept == [THREE]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('type = "threshold"', 'type = "treshold"', "did you mean 'threshold'?"),
        ('[sources.log]\ntype = "file"\npath = "log"\n', "", "there is no source to watch"),
    ],
)
def test_a_wrong_configuration_is_told_before_anything_happens(desk: Desk, old: str, new: str, problem: str) -> None:
    desk.configure(old=old, new=new)

    result = desk.alert("run", "--once")

    assert result.exit_code == 2
    assert problem in result.stderr
    assert not (desk.folder / "state").exists()


def test_hostile_text_cannot_steer_the_terminal(desk: Desk) -> None:
    desk.configure('subject = "on {{ computer }}"\n')
    desk.append(0, 1, 2, computer="\x1b[2J\u202e\r\nall is well")

    result = desk.alert("run", "--once")

    (line,) = result.stdout.splitlines()
    assert line.isprintable()
    assert line.endswith("all is well")


def test_an_event_from_the_end_of_the_calendar_can_be_printed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    desk.configure(old="count = 3", new="count = 1")
    (desk.folder / "log").write_text('{"time": "9999-12-31T23:59:59Z"}\n{"time": "0001-01-01T00:00:00Z"}\n')

    results = [desk.alert("run", "--once"), desk.alert("log", "list"), desk.alert("replay")]

    monkeypatch.undo()
    time.tzset()
    assert [result.exit_code for result in results] == [0, 0, 0]
    assert "9999" in results[0].stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_gracefully_with_everything_committed(
    desk: Desk, background: Callable[..., Background], number: int
) -> None:
    desk.append(0, 1, 2, 3, 4)
    running = background("run")
    running.until(THREE)

    code = running.end(number)

    assert code == 0
    assert "Traceback" not in running.output.read_text()
    desk.append(5)
    assert desk.alert("run", "--once").exit_code == 0
    assert len(desk.decisions().splitlines()) == 2


def test_hangup_reads_the_configuration_anew_without_losing_count(desk: Desk, background: Callable[..., Background]) -> None:
    desk.append(0, 1, 2)
    running = background("-v", "run")
    running.until(THREE)
    desk.append(3, 4)

    running.process.send_signal(signal.SIGHUP)
    running.until("the configuration has changed and is in use")
    desk.configure('subject = "in other words"\n')
    running.until("the configuration has changed and is in use", times=2)
    desk.append(5)

    running.until("in other words")
    assert running.end() == 0


def test_a_second_run_on_the_same_store_is_refused(desk: Desk, background: Callable[..., Background]) -> None:
    desk.append(0, 1, 2)
    running = background("run")
    running.until(THREE)

    result = desk.alert("run", "--once")

    assert result.exit_code == 1
    assert f"in use by a running alert (process {running.process.pid}); stop that one first" in result.stderr


def test_a_refused_run_does_not_touch_what_the_other_one_may_be_writing(
    desk: Desk, background: Callable[..., Background]
) -> None:
    desk.append(0, 1, 2)
    background("run").until(THREE)

    result = desk.alert("run", "-")

    assert result.exit_code == 1
    assert not (desk.folder / "state" / "sources" / "log:stdin" / "spool").exists()
