"""`alert events`, as somebody who types it sees it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Desk

LINES = (
    '{"time": "2026-03-01T12:00:00Z", "type": "risk", "computer": "pc-1", "severity": "major", "count": 3, "risk": "EICAR"}',
    "<134>Mar  1 12:00:01 fw-1 sshd[1]: Failed password for root from 192.0.2.7 port 22 ssh2",
    "CEF:0|Vendor|Ids|1|100|Scan|9|src=192.0.2.9 dhost=pc-2 msg=a scan",
    "nobody knows \x1b[2J",
)


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_PLUGINS_ONLY", "lines")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def mixed(desk: Desk) -> str:
    (desk.folder / "alert.toml").unlink()
    (desk.folder / "mixed").write_text("".join(f"{line}\n" for line in LINES))
    return "mixed"


def test_it_shows_what_each_record_is_without_any_configuration(desk: Desk, mixed: str) -> None:
    result = desk.alert("events", mixed)

    rows = [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert rows[0] == ["Time", "Type", "Computer", "Severity", "From", "Count", "User", "Action", "Message"]
    assert rows[1][2:] == ["risk", "pc-1", "major", "3", "risk=EICAR"]
    assert rows[2][2:7] == ["auth-failure", "fw-1", "information", "192.0.2.7", "root"]
    assert rows[3][2:] == ["100", "pc-2", "critical", "192.0.2.9", "a", "scan"]
    assert rows[4][2] == "unparsed"
    assert result.stdout.splitlines()[4].endswith("no installed format recognises it: nobody knows \\x1b[2J")
    assert result.stderr == "4 records: 1 json, 1 sshd, 1 cef, 1 unparsed (--unparsed says why)\n"


def test_it_reads_standard_input(desk: Desk) -> None:
    result = desk.alert("events", "-", "--json", stdin=f"{LINES[0]}\n")

    assert json.loads(result.stdout)["computer"] == "pc-1"


def test_each_line_of_json_is_a_whole_event(desk: Desk, mixed: str) -> None:
    result = desk.alert("events", mixed, "--json")

    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["type"] for event in found] == ["risk", "auth-failure", "100", "unparsed"]
    assert found[2]["attributes"]["vendor"] == "Vendor"
    assert len({event["id"] for event in found}) == 4
    assert "\x1b" not in result.stdout


def test_records_that_could_not_be_read_are_shown_with_place_and_reason(desk: Desk, mixed: str) -> None:
    shown = desk.alert("events", mixed, "--unparsed", "--strict")
    lines = desk.alert("events", mixed, "--unparsed", "--json").stdout.splitlines()

    assert shown.exit_code == 1
    assert shown.stdout.splitlines()[1:] == ["mixed:4  no installed format recognises it: nobody knows \\x1b[2J"]
    assert [json.loads(line)["place"] for line in lines] == ["mixed:4"]


def test_strict_is_content_when_all_could_be_read(desk: Desk) -> None:
    desk.append(0, 1)

    assert desk.alert("events", "log", "--strict").exit_code == 0


def test_they_are_counted_by_type(desk: Desk, mixed: str) -> None:
    result = desk.alert("events", mixed, "--summary")
    counts = json.loads(desk.alert("events", mixed, "--summary", "--json").stdout)

    assert "risk               1            3  2026-03-01 12:00:00  2026-03-01 12:00:00" in result.stdout
    assert {row["type"]: (row["events"], row["occurrences"]) for row in counts} == {
        "risk": (1, 3),
        "auth-failure": (1, 1),
        "100": (1, 1),
        "unparsed": (1, 1),
    }


@pytest.mark.parametrize(
    ("wheres", "types"),
    [
        (["computer=pc-*"], ["risk", "100"]),
        (["severity>=major"], ["risk", "100"]),
        (["severity=>=major", "count>2"], ["risk"]),
        (["type=risk", "type=100"], ["risk", "100"]),
        (["type!=risk", "source_address=192.0.2.0/24"], ["auth-failure", "100"]),
        (["vendor = Vendor"], ["100"]),
    ],
)
def test_they_can_be_filtered_like_in_a_condition(desk: Desk, mixed: str, wheres: list[str], types: list[str]) -> None:
    options = [option for where in wheres for option in ("--where", where)]

    result = desk.alert("events", mixed, "--json", *options)

    assert [json.loads(line)["type"] for line in result.stdout.splitlines()] == types


def test_older_ones_are_left_out(desk: Desk) -> None:
    desk.append(0, 1, 2)

    result = desk.alert("events", "log", "--json", "--since", "2026-03-01T12:01Z")

    assert len(result.stdout.splitlines()) == 2


def test_a_table_ends_after_a_page_and_says_so(desk: Desk) -> None:
    desk.append(*range(60))

    page, head, whole = (desk.alert("events", "log", *more) for more in ([], ["--head", "7"], ["--limit", "100"]))

    assert [len(result.stdout.splitlines()) - 1 for result in (page, head, whole)] == [50, 7, 60]
    assert page.stderr == "the first 50 records: 50 json\nthere are more; see --limit, --summary and --where\n"
    assert whole.stderr == "60 records: 60 json\n"


@pytest.mark.parametrize(
    ("format_", "kind"),
    [
        ("json", "unparsed"),
        ('{ type = "csv", columns = "time,computer", delimiter = ";" }', "event"),
    ],
)
def test_the_format_can_be_named_or_described(desk: Desk, format_: str, kind: str) -> None:
    (desk.folder / "log").write_text("2026-03-01;pc-1\n")

    result = desk.alert("events", "log", "--format", format_, "--json")

    assert json.loads(result.stdout)["type"] == kind


def test_records_read_like_those_of_a_configured_source(desk: Desk) -> None:
    desk.configure(old='path = "log"', new='path = "log"\nformat = { type = "csv", columns = "time,computer" }')
    (desk.folder / "log").write_text("2026-03-01,pc-1\n")
    (desk.folder / "other").write_text("2026-03-01,pc-2\n")

    own, other = (desk.alert("events", *files, "--like", "log", "--json") for files in ([], ["other"]))

    assert json.loads(own.stdout)["computer"] == "pc-1"
    assert json.loads(other.stdout)["computer"] == "pc-2"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent"], 1, "error: 'absent' does not exist"),
        (
            ["log", "--format", "jsn"],
            2,
            "error: --format: sources.file.format: no installed plugin offers the format type 'jsn'",
        ),
        (["log", "--format", "{ type ="], 2, "Error: Invalid value for --format: not a table in TOML"),
        (["log", "--format", '{ type = "csv", delimter = ";" }'], 2, "unknown key; did you mean 'delimiter'?"),
        (["log", "--where", "severity"], 2, "'severity' is not like severity>=major or computer=PC-*"),
        (["log", "--where", "count>many"], 2, "'>many' compares with 'many'"),
        (["log", "--like", "lgo"], 2, "error: there is no source 'lgo'"),
        (["log", "--like", "log", "--format", "json"], 2, "use one of them"),
        (["log", "--since", "yesterday"], 2, "'yesterday' is neither a time"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(desk: Desk, arguments: list[str], code: int, said: str) -> None:
    desk.append(0)

    result = desk.alert("events", *arguments)

    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_what_could_be_read_is_shown_before_the_error(desk: Desk) -> None:
    desk.append(0)

    result = desk.alert("events", "log", "absent", "--json")

    assert len(result.stdout.splitlines()) == 1
    assert result.exit_code == 1


def test_nothing_to_show_is_said(desk: Desk) -> None:
    (desk.folder / "empty").touch()
    desk.append(0)

    assert desk.alert("events", "empty").stdout == "there are no records\n"
    assert desk.alert("events", "log", "--where", "computer=x").stdout == "no event fits\n"


@pytest.mark.parametrize("columns", [80, 160])
def test_rows_fit_into_the_terminal(desk: Desk, columns: int, run: Callable[..., list[str]]) -> None:
    from rich.cells import cell_len

    desk.append(0, computer="\u4f3a\u670d\u5668" * 9, message="\u4f3a\u670d\u5668" * 200, severity="major")
    desk.append(1, message="x" * 500, source_address="192.0.2.1")

    rows = run(columns, "events", "log")[:3]

    assert all(cell_len(row) <= columns for row in rows)
    assert all(cell_len(row) >= columns - 1 for row in rows[1:])
    assert ("Severity" in rows[0]) == (columns == 160)


def test_whoever_stops_reading_hears_no_complaint(desk: Desk) -> None:
    desk.append(*range(2000), message="x" * 500)
    command = [sys.executable, "-m", "alert_core", "events", "log", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(desk.folder.parent / "site")}

    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait(20)

    assert said == b""


@pytest.fixture
def run(desk: Desk) -> Callable[..., list[str]]:
    """Runs a command in a terminal of this width; answers its lines without colours."""
    import re

    def run(columns: int, *arguments: str) -> list[str]:
        controller, terminal = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(desk.folder.parent / "site"), "COLUMNS": str(columns)}
        command = [sys.executable, "-m", "alert_core", *arguments]
        with subprocess.Popen(command, env=environment, stdout=terminal, stderr=subprocess.DEVNULL) as process:
            os.close(terminal)
            output = b""
            try:
                while data := os.read(controller, 65536):
                    output += data
            except OSError:  # Linux says so when nobody has the terminal open any more.
                pass
            os.close(controller)
            assert process.wait(20) == 0
        return re.sub(r"\x1b\[[\d;]*m", "", output.decode()).splitlines()

    return run
