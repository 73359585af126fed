"""Quality levels: what `level_of` and `alert plugins --check` say about plugins that are good, bad, unproven or broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from alert_core.testing import Check, Level, Report

pytestmark = pytest.mark.once

PLUGIN = """
from pathlib import Path

from pydantic import Field

from alert_core import Action, DeliveryError, Receipt, Settings, Strength, hookimpl


class NoteSettings(Settings):
    path: Path = Field(title="File", description="Receives one line per notification.")


class NoteAction(Action[NoteSettings]):
    "Append the subject to a file."

    name = "note"
    label = "Note"

    def send(self, notification):
        try:
            with self.settings.path.open("a", encoding="utf-8") as out:
                out.write(f"{notification.subject}\\n")
        except OSError as error:
            raise DeliveryError(f"cannot append to {self.settings.path}") from error
        return Receipt(Strength.ACCEPTED)


@hookimpl
def alert_register_actions():
    return [NoteAction]
"""
SILVER_KIT = """
from pathlib import Path

from alert_core.testing import ActionConformance, gold
from alert_note import NoteAction


class NoteConformance(ActionConformance):
    action = NoteAction
    settings = {"path": "notes.txt"}
    unreachable = {"path": "/no/such/folder/notes.txt"}
"""
GOLD_KIT = f"""{SILVER_KIT}
    def aim(self, host, port):
        "It writes to a file."

    def arrived(self):
        return Path("notes.txt").read_text(encoding="utf-8").splitlines()
"""

Install = Callable[..., None]


@pytest.fixture
def install(fake_distribution: Any, tmp_path: Path) -> Install:
    """Installs the plugin `note`, with a conformance class if there is one."""

    def install(plugin: str = PLUGIN, kit: str = "") -> None:
        fake_distribution("alert-note", plugin)
        if kit:
            site = tmp_path / "site"
            (site / "alert_note_conformance.py").write_text(dedent(kit), encoding="utf-8")
            points = next(site.glob("*.dist-info")) / "entry_points.txt"
            points.write_text(
                points.read_text() + "[alert_core.conformance]\nnote = alert_note_conformance:NoteConformance\n",
                encoding="utf-8",
            )

    return install


def alert(*arguments: str, site: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alert_core", *arguments],
        cwd=site.parent,
        env={**os.environ, "COLUMNS": "150", "PYTHONPATH": str(site), **environment},
        capture_output=True,
        encoding="utf-8",
    )


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    return lambda *arguments, **environment: alert(
        "plugins", "--check", "note", *arguments, site=tmp_path / "site", **environment
    )


def test_plugin_that_proves_everything_is_gold(install: Install, check: Any) -> None:
    install(kit=GOLD_KIT)

    done = check("--level", "gold")

    assert (done.stderr, done.returncode) == ("", 0)
    assert "action note  gold   10 of 10  8 of 8  15 of 15" in done.stdout
    assert "action note: 14 tests do not apply: It writes to a file\n" in done.stdout


def test_five_lines_are_enough_for_silver(install: Install, check: Any) -> None:
    install(kit=SILVER_KIT)

    done, demanded = check(), check("--level", "gold")

    assert done.returncode == 0
    assert "action note  silver  10 of 10  8 of 8" in done.stdout
    assert "gold needs “hostile text becomes a message and nothing else”: give the test class `arrived(self)`" in done.stdout
    assert demanded.returncode == 1


def test_plugin_without_conformance_class_is_bronze_at_most(install: Install, check: Any) -> None:
    install()

    done, demanded = check(), check("--level", "silver")

    assert done.returncode == 0
    assert "action note  bronze  7 of 7  not tried  not tried" in done.stdout
    assert "silver needs a conformance class" in done.stdout
    assert demanded.returncode == 1


@pytest.mark.parametrize(
    ("change", "level", "reason"),
    [
        (('title="File", ', ""), "none", "write Field(title=..., description=...) for NoteSettings.path"),
        (("DeliveryError(f", "RuntimeError(f"), "bronze", "send() must raise DeliveryError, not give RuntimeError("),
        (("notification.subject", "notification.event.message"), "silver", "notifications became"),
    ],
)
def test_fault_takes_away_the_level_that_it_belongs_to(
    change: tuple[str, str], level: str, reason: str, install: Install, check: Any
) -> None:
    install(PLUGIN.replace(*change), GOLD_KIT)

    done = check()

    assert f"action note  {level}" in done.stdout
    assert reason in done.stdout
    assert done.returncode == (1 if level == "none" else 0)


def test_replaced_test_needs_a_reason(install: Install, check: Any) -> None:
    name = "test_retry_has_the_same_idempotency_key"
    install(kit=f"{GOLD_KIT}\n    def {name}(self):\n        pass\n")

    done = check()

    assert "action note  bronze" in done.stdout
    assert "its author replaced the test and gave no reason" in done.stdout


def test_replaced_test_with_a_reason_counts_and_is_told(install: Install, check: Any) -> None:
    name = "test_retry_has_the_same_idempotency_key"
    install(kit=f'{GOLD_KIT}\n    def {name}(self):\n        "Files know no keys."\n')

    done = check("--level", "gold")

    assert done.returncode == 0
    assert "1 test does not apply: Files know no keys." in done.stdout


def test_tests_of_ones_own_belong_to_the_level_that_their_author_says(install: Install, check: Any) -> None:
    install(kit=f"{GOLD_KIT}\n    @gold\n    def test_shines(self):\n        assert False, 'it does not shine'\n")

    done = check()

    assert "action note  silver" in done.stdout
    assert "gold needs “shines”: it does not shine" in done.stdout


@pytest.mark.parametrize("kit", ["import no_such_library", "class NoteConformance: pass"])
def test_conformance_class_that_cannot_be_used_is_reported(kit: str, install: Install, check: Any) -> None:
    install(kit=kit)

    done = check()

    assert "note: plugin 'note': alert_note_conformance:NoteConformance cannot be used" in done.stderr
    assert "pip install 'alert-note[testing]'" in done.stderr
    assert done.returncode == 1


def test_plugin_that_cannot_be_loaded_is_not_tried(install: Install, check: Any) -> None:
    install("raise RuntimeError('broken for good')", GOLD_KIT)

    done = check()

    assert "broken for good" in done.stdout
    assert "bronze" not in done.stdout.lower()
    assert done.returncode == 1


def test_programs_get_every_test(install: Install, check: Any) -> None:
    install(kit=SILVER_KIT)

    (level,) = json.loads(check("--json").stdout)["levels"]

    assert (level["kind"], level["name"], level["level"]) == ("action", "note", "silver")
    assert len(level["checks"]) == 33
    assert {check["outcome"] for check in level["checks"]} == {"passed", "lacking"}
    assert len(level["reasons"]) == 15


def test_without_pytest_only_the_state_of_the_plugin_is_looked_at(install: Install, check: Any, tmp_path: Path) -> None:
    install(kit=GOLD_KIT)
    hiding = "import importlib.util, sys\nsys.modules['pytest'] = None\nfind = importlib.util.find_spec\n"
    hiding += "importlib.util.find_spec = lambda name, *rest: None if name == 'pytest' else find(name, *rest)\n"
    (tmp_path / "site" / "sitecustomize.py").write_text(hiding, encoding="utf-8")

    done, demanded = check(), check("--level", "bronze")

    assert "pytest is not installed; pip install 'alert-core[testing]'" in done.stderr
    assert done.returncode == 0
    assert demanded.returncode == 1


def test_level_is_demanded_of_one_plugin(tmp_path: Path) -> None:
    done = alert("plugins", "--level", "gold", site=tmp_path)

    assert "--level needs --check NAME" in done.stderr
    assert done.returncode == 2


def test_level_of_a_class_is_its_report(install: Install, tmp_path: Path) -> None:
    install(kit=GOLD_KIT)
    program = "from alert_core.testing import level_of; from alert_note_conformance import NoteConformance as kit;"
    program += "report = level_of(kit); print(report.level, report.reasons, len(report.checks))"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        encoding="utf-8",
    )

    assert (done.stderr, done.stdout) == ("", "gold () 33\n")


def test_nothing_proven_is_no_level() -> None:
    report = Report(kind="action", name="note", checks=())

    assert report.level is None
    assert report.reasons == ("its tests were not run",)


def test_level_needs_all_levels_below_it() -> None:
    checks = [Check(test=f"test_{level}", level=level, outcome="passed") for level in Level]
    checks[1] = Check(test="test_silver", level=Level.SILVER, outcome="failed", reason="it is tin")

    report = Report(kind="action", name="note", checks=checks)

    assert report.level is Level.BRONZE
    assert report.reasons == ("silver needs “silver”: it is tin",)
