from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from alert_core import DeliveryState, Event, Notification, Receipt, Severity, Strength
from alert_core.cli.ack import ack
from alert_core.cli.log import log
from alert_core.store import (
    DELIVERY_FAILED,
    AttemptRecord,
    Commit,
    NewDelivery,
    Store,
    decision_line,
    delivery_id,
)

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
HOSTILE = "\x1b[2J\x9b31m[bold]rich[/bold]\u202e\r\nDROP \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")


def _notification(id: str, minute: int, **changes: Any) -> Notification:
    event = Event(time=NOON, type="risk", computer=changes.pop("computer", "pc-1"), message=changes.pop("message", ""))
    fixed = {"id": id, "time": NOON + timedelta(minutes=minute), "event": event, "test": False, "kind": "fired"}
    return msgspec.structs.replace(Notification.sample(NOON), **{**fixed, **changes})


NOTIFICATIONS = [
    _notification("aaaa1111", 2, condition="outbreak", subject="five computers", severity=Severity.CRITICAL),
    _notification("bbbb2222", 1, condition="logins", subject=HOSTILE, message=HOSTILE, computer=HOSTILE, key=HOSTILE),
    _notification("bbbb3333", 2, condition="logins", subject="=cmd|' /C calc'!A0", computer="pc-2"),
    _notification("cccc4444", 3, condition=DELIVERY_FAILED, subject="could not deliver"),
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "alert.toml"
    path.write_text('[store]\nfolder = "store"\n')
    return path


@pytest.fixture
def store(config: Path) -> Iterator[Store]:
    with Store.open(config.parent / "store") as opened:
        yield opened


@pytest.fixture
def filled(store: Store) -> Store:
    deliveries = [NewDelivery("aaaa1111", name) for name in ("mail", "trap")]
    store.write(Commit((), NOTIFICATIONS, deliveries))
    mail, trap = delivery_id("aaaa1111", "mail"), delivery_id("aaaa1111", "trap")
    receipt = Receipt(Strength.ACCEPTED, "queue-7", "250 ok")
    store.record(
        [
            AttemptRecord(mail, 1, NOON, 0.25, "delivered", "", DeliveryState.DELIVERED, None, receipt),
            AttemptRecord(trap, 1, NOON, 1.5, "failed", "no route", DeliveryState.FAILED),
        ]
    )
    return store


@pytest.fixture
def run(config: Path) -> Callable[..., Result]:
    def run(*arguments: str, code: int = 0) -> Result:
        command = ack if arguments[0] == "ack" else log
        rest = arguments[1:] if command is ack else arguments
        path = ["-c", str(config)]
        environment = {"COLUMNS": "80", "TERM": "dumb"}
        full = [*rest, *path] if command is ack else [rest[0], *path, *rest[1:]]
        result = CliRunner().invoke(command, full, env=environment)
        assert result.exit_code == code, result.output
        return result

    return run


def test_list_shows_the_newest_first_in_eighty_columns(filled: Store, run: Callable[..., Result]) -> None:
    lines = run("list").stdout.splitlines()

    assert [line.split()[0] for line in lines if line[:4] in ("aaaa", "bbbb", "cccc")] == [
        "cccc4444", "bbbb3333", "aaaa1111", "bbbb2222",
    ]  # fmt: skip
    assert max(map(len, lines)) <= 80
    assert any("critical" in line and "five computers" in line and "1/2" in line and line.split()[-1] == "no" for line in lines)


def test_list_says_when_there_is_more(filled: Store, run: Callable[..., Result]) -> None:
    result = run("list", "--limit", "1", "--oldest-first")

    assert "bbbb2222" in result.stdout
    assert "aaaa1111" not in result.stdout
    assert "there are more" in result.stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--condition", "log*"], {"bbbb2222", "bbbb3333"}),
        (["--computer", "pc-2"], {"bbbb3333"}),
        (["--severity", "critical"], {"aaaa1111"}),
        (["--failed"], {"aaaa1111"}),
        (["--since", "2024-03-01T12:02:00+00:00", "--until", "2024-03-01T12:03:00Z"], {"aaaa1111", "bbbb3333"}),
        (["--since", "2h"], set()),
        (["--acknowledged"], set()),
        (["--type", "other"], set()),
    ],
)
def test_options_choose_what_is_listed(
    filled: Store, run: Callable[..., Result], options: list[str], expected: set[str]
) -> None:
    lines = run("list", "--json", *options).stdout.splitlines()

    assert {json.loads(line)["id"] for line in lines} == expected


def test_wrong_time_is_a_usage_error(run: Callable[..., Result]) -> None:
    assert "'yesterday' is neither a time" in run("list", "--since", "yesterday", code=2).output


@pytest.mark.parametrize(
    "command",
    [["list"], ["list", "--json"], ["show", "bbbb2"], ["show", "bbbb2", "--json"], ["export"], ["export", "--decisions"],
     ["export", "--format", "csv"]],
    ids=" ".join,
)  # fmt: skip
def test_hostile_text_cannot_steer_the_terminal(filled: Store, run: Callable[..., Result], command: list[str]) -> None:
    output = run(*command).stdout.replace("\r\n", "\n") if "csv" in command else run(*command).stdout

    assert not [character for character in output if not character.isprintable() and character != "\n"]
    assert "[bold]" in output.replace("\n", "").replace(" ", "")


def test_show_tells_everything_about_one(filled: Store, run: Callable[..., Result]) -> None:
    filled.remember_revisions([("outbreak", "0" * 12, '{"count": 5}')])

    text = run("show", "aaaa").stdout
    values = json.loads(run("show", "aaaa", "--json").stdout)

    for expected in ("five computers", "accepted queue-7 250 ok", "delivered after 0.250 s", "failed after 1.500 s: no route"):
        assert expected in text
    assert [(one["action"], one["state"]) for one in values["deliveries"]] == [("mail", "delivered"), ("trap", "failed")]
    assert [one["outcome"] for one in values["attempts"]] == ["delivered", "failed"]
    assert json.loads(values["settings"]) == {"count": 5}


def test_show_of_an_unknown_or_ambiguous_id_says_so(filled: Store, run: Callable[..., Result]) -> None:
    assert "no notification has an id that starts with 'x'" in run("show", "x", code=1).output
    assert "more than one notification" in run("show", "bbbb", code=1).output


def test_exported_decisions_are_the_canonical_lines_in_order_of_time_and_id(filled: Store, run: Callable[..., Result]) -> None:
    decided = [NOTIFICATIONS[1], NOTIFICATIONS[0], NOTIFICATIONS[2]]

    output = run("export", "--decisions").stdout_bytes

    assert output == b"".join(decision_line(one) + b"\n" for one in decided)


def test_exported_table_holds_no_formula(filled: Store, run: Callable[..., Result]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export", "--format", "csv").stdout)))

    assert [row["id"] for row in rows] == ["bbbb2222", "aaaa1111", "bbbb3333", "cccc4444"]
    assert rows[2]["subject"] == "'=cmd|' /C calc'!A0"
    assert rows[1]["deliveries"] == "mail:delivered trap:failed"
    assert rows[1]["time"] == "2024-03-01T12:02:00+00:00"


def test_decisions_have_no_csv_form(run: Callable[..., Result]) -> None:
    assert "has no CSV form" in run("export", "--decisions", "--format", "csv", code=2).output


def test_export_into_a_file(filled: Store, run: Callable[..., Result], tmp_path: Path) -> None:
    run("export", "--output", str(tmp_path / "out"))

    lines = (tmp_path / "out").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["bbbb2222", "aaaa1111", "bbbb3333", "cccc4444"]


def test_acknowledged_notification_tells_by_whom(filled: Store, run: Callable[..., Result]) -> None:
    result = run("ack", "aaaa", "bbbb2", "--by", "ann", "--note", "on it")
    again = run("ack", "aaaa", "--by", "bob")

    assert (result.stdout, again.stdout) == ("2 notifications acknowledged\n", "0 notifications acknowledged\n")
    entry = filled.entry("aaaa")
    assert (entry.acknowledged_by, entry.acknowledge_note) == ("ann", "on it")
    assert {json.loads(line)["id"] for line in run("list", "--unacknowledged", "--json").stdout.splitlines()} == {
        "bbbb3333",
        "cccc4444",
    }


def test_all_that_the_options_choose_are_acknowledged(filled: Store, run: Callable[..., Result]) -> None:
    assert run("ack", "--all", "--condition", "logins").stdout == "2 notifications acknowledged\n"
    assert filled.entry("bbbb2").acknowledged_by


@pytest.mark.parametrize("arguments", [[], ["aaaa", "--all"], ["aaaa", "--condition", "x"]])
def test_acknowledging_nothing_in_particular_is_a_usage_error(run: Callable[..., Result], arguments: list[str]) -> None:
    run("ack", *arguments, code=2)


def test_failed_delivery_is_put_back(filled: Store, run: Callable[..., Result]) -> None:
    assert run("redrive", "bbbb2").stdout == "0 deliveries will be tried again\n"
    assert run("redrive", "aaaa", "--action", "trap").stdout == "1 delivery will be tried again\n"
    assert filled.pending() == {"trap": 1}
    run("redrive", code=2)


@pytest.mark.parametrize(
    ("command", "code"),
    [(["list"], 0), (["export"], 0), (["show", "a"], 1), (["ack", "--all"], 0), (["redrive", "--all"], 0)],
)
def test_looking_makes_no_store(run: Callable[..., Result], config: Path, command: list[str], code: int) -> None:
    result = run(*command, code=code)

    assert "nothing is logged yet" in result.output
    assert not (config.parent / "store").exists()
