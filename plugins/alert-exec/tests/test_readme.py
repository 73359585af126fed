"""The examples of the README do what they say."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alert_core import DeliveryError, Notification
from alert_core.testing.peers import require

if TYPE_CHECKING:
    from conftest import Bench

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = {match[2]: match[1] for match in re.finditer(r"```(?:sh|python)\n(#!.*\n# bin/([\w.-]+)(?:.*\n)*?)```", README)}


def put(bench: Bench, name: str) -> None:
    interpreter, _, body = EXAMPLES[name].partition("\n")
    bench.script(body, name, interpreter + "\n")


def test_the_readme_has_these_examples() -> None:
    assert set(EXAMPLES) == {"block-host.sh", "note.sh", "remember.py"}


def test_what_is_no_address_is_not_blocked(bench: Bench) -> None:
    put(bench, "block-host.sh")

    with pytest.raises(DeliveryError, match="ended with exit code 1: not an address: test-computer"):
        bench.action("block-host.sh").send(Notification.sample())


@pytest.mark.peers
def test_jq_adds_a_line(bench: Bench) -> None:
    require("jq")
    put(bench, "note.sh")
    action, sample = bench.action("note.sh"), Notification.sample()

    action.send(sample)

    line = (action.context.state_folder / "notes.csv").read_text()
    assert line.endswith(',"information","test-computer","TEST: alert can reach you"\n')


def test_a_notification_is_remembered_once_and_tried_again_while_the_database_is_locked(bench: Bench) -> None:
    put(bench, "remember.py")
    bench.script(
        EXAMPLES["remember.py"].partition("\n")[2].replace("timeout=5", "timeout=0"), "hasty.py", "#!/usr/bin/env python3\n"
    )
    action, hasty, sample = bench.action("remember.py"), bench.action("hasty.py"), Notification.sample()
    for _ in range(2):
        action.send(sample)
    database = sqlite3.connect(action.context.state_folder / "seen.db", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")

    with pytest.raises(DeliveryError) as caught:
        hasty.send(sample)
    database.execute("COMMIT")
    rows = database.execute("SELECT subject FROM seen").fetchall()
    database.close()

    assert (str(caught.value), caught.value.retryable) == (
        "program 'hasty.py' ended with exit code 75: database is locked",
        True,
    )
    assert rows == [(sample.subject,)]
