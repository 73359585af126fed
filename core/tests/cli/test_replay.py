"""`alert replay` and `alert condition explain`, as somebody who types them sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Desk


def test_it_shows_a_summary_and_keeps_nothing(desk: Desk) -> None:
    desk.append(0, 1, 2, 3, 4, 5)

    result = desk.alert("replay")

    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()[:2]] == [["Condition", "Notifications"], ["three", "2"]]
    assert not (desk.folder / "state").exists()


def test_its_decisions_are_those_of_a_run(desk: Desk) -> None:
    desk.configure(old='damper = "none"', new="damper = 7")
    desk.append(*range(100), message="caf\u00e9 \u202e")

    replayed = desk.alert("replay", "--decisions")
    desk.alert("run", "--once")

    assert replayed.stdout == desk.decisions()
    assert len(replayed.stdout.splitlines()) > 10


def test_its_summary_is_also_there_for_programs(desk: Desk) -> None:
    desk.append(0, 1, 2, 3)

    result = desk.alert("replay", "--json")

    (summary,) = json.loads(result.stdout)
    assert {name: summary[name] for name in ("condition", "notifications", "suppressed", "keys")} == {
        "condition": "three",
        "notifications": 1,
        "suppressed": 0,
        "keys": 1,
    }


def test_it_reads_named_files(desk: Desk) -> None:
    desk.append(0, 1, 2, file="old.log")

    result = desk.alert("replay", "old.log", "--json")

    assert json.loads(result.stdout)[0]["notifications"] == 1


@pytest.mark.parametrize("command", [("replay", "--decisions"), ("run", "--once", "--json")])
@pytest.mark.parametrize(("since", "notifications"), [("2026-03-01T12:10Z", 1), ("2026-03-01T12:11Z", 0)])
def test_events_before_a_time_are_left_out(desk: Desk, command: tuple[str, ...], since: str, notifications: int) -> None:
    desk.append(0, 1, 2, 10)
    with (desk.folder / "log").open("a") as log:
        log.write("no time, so it goes with the one before it\n")
    desk.append(11, 12)

    result = desk.alert(*command, "--since", since)

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == notifications


def test_a_file_that_does_not_exist_is_an_error_without_a_traceback(desk: Desk) -> None:
    result = desk.alert("replay", "absent.log")

    assert result.exit_code == 1
    assert result.stderr == "error: 'absent.log' does not exist\n"


def test_explain_prints_the_code_of_a_condition(desk: Desk) -> None:
    desk.configure('where = { group = "Sales*" }\n')

    result = desk.alert("condition", "explain", "three")

    assert result.exit_code == 0
    assert "def hit(own, event, time)" in result.stdout


def test_explain_names_the_nearest_condition(desk: Desk) -> None:
    result = desk.alert("condition", "explain", "thre")

    assert result.exit_code == 2
    assert result.stderr == "error: there is no condition 'thre'; did you mean 'three'?\n"
