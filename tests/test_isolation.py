"""One bad plugin never stops another and is never silent, seen from the command line as an administrator sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

HEAD = """
    import threading
    from pathlib import Path
    from pydantic import Field
    from alert_core import Action, Receipt, Settings, Strength, hookimpl
"""
ACTION = """
    class AnAction(Action[Settings]):
        name = "{name}"
        label = "A sample"

        def send(self, notification):
            {send}

    @hookimpl
    def alert_register_actions():
        return [AnAction]
"""
APPENDING = """
    class AppendSettings(Settings):
        path: Path = Field(title="File", description="Receives one line per notification.")

    class AppendAction(Action[AppendSettings]):
        name = "append"
        label = "Append to a file"

        def send(self, notification):
            with self.settings.path.open("a") as out:
                out.write(f"{notification.condition} {notification.computer}\\n")
            return Receipt(Strength.CONFIRMED)

    @hookimpl
    def alert_register_actions():
        return [AppendAction]
"""
UNFIT = """
    @hookimpl
    def alert_suppress(notification, acton):
        return "never"
"""
PLUGINS = {
    "append": APPENDING,
    "unimportable": "import a_module_that_is_not_installed",
    "unfit": UNFIT,
    "raise": ACTION.format(name="raise", send="raise RuntimeError('a bug')"),
    "hang": ACTION.format(name="hang", send="threading.Event().wait()"),
    "rival-one": ACTION.format(name="pager", send="return Receipt(Strength.CONFIRMED)"),
    "rival-two": ACTION.format(name="pager", send="return Receipt(Strength.CONFIRMED)"),
}
COMPUTERS = [f"pc-{number}" for number in range(6)]
CONFIGURATION = """
    [sources.lines]
    type = "file"
    path = "events.ndjson"

    [conditions.guessing]
    type = "threshold"
    per = "single-computer"
    count = 1
    minutes = 1
    actions = ["good", "raising", "stuck"]

    [actions.good]
    type = "append"
    path = "told.txt"

    [actions.raising]
    type = "raise"

    [actions.stuck]
    type = "hang"
    timeout_seconds = 0.5
"""

Alert = Callable[..., subprocess.CompletedProcess[str]]


def install(site: Path, name: str, source: str) -> None:
    """Make a distribution as pip leaves it behind: a module, and metadata with an entry point."""
    module = f"alert_{name.replace('-', '_')}"
    metadata = site / f"{module}-1.5.dist-info"
    metadata.mkdir(parents=True)
    (site / f"{module}.py").write_text(dedent(HEAD) + dedent(source), encoding="utf-8")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: alert-{name}\nVersion: 1.5\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[alert_core]\n{name} = {module}\n", encoding="utf-8")


@dataclass(frozen=True)
class Ended:
    """A run that is over, and where it ran."""

    code: int
    output: str
    errors: str
    seconds: float
    folder: Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("isolation")
    for name, source in PLUGINS.items():
        install(folder / "site", name, source)
    (folder / "alert.toml").write_text(dedent(CONFIGURATION), encoding="utf-8")
    events = [
        {"time": f"2026-01-31T06:55:4{number}Z", "type": "auth-failure", "computer": computer}
        for number, computer in enumerate(COMPUTERS)
    ]
    (folder / "events.ndjson").write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def alert(folder: Path) -> Alert:
    """The command `alert`, with the plugins installed."""
    path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}

    def alert(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "alert_core", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)

    return alert


@pytest.fixture(scope="module")
def run(alert: Alert, folder: Path) -> Ended:
    """A run in which one action works, one raises and one hangs."""
    started = time.monotonic()
    done = alert("run", "--once")
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - started, folder)


@pytest.fixture(scope="module")
def decided(alert: Alert, run: Ended) -> list[dict[str, Any]]:
    """What the log says about the six events, in their order."""
    lines = alert("log", "list", "--json", "--oldest-first", "--condition", "guessing").stdout.splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def listing(alert: Alert, run: Ended) -> dict[str, list[dict[str, Any]]]:
    """What `alert plugins` says afterwards."""
    listing: dict[str, list[dict[str, Any]]] = json.loads(alert("plugins", "--json").stdout)
    return listing


def test_run_ends_well_and_in_time(run: Ended) -> None:
    # What waits for the action that hangs is left to the next run, which the exit code says.
    assert (run.code, len(run.output.splitlines())) == (1, len(COMPUTERS)), run.errors
    # Four workers hang for half a second each; a loaded machine may be several times slower.
    assert run.seconds < 30


def test_good_action_tells_everything_and_what_the_others_could_not(run: Ended) -> None:
    told = sorted((run.folder / "told.txt").read_text(encoding="utf-8").splitlines())

    assert [line for line in told if line.startswith("guessing")] == [f"guessing {computer}" for computer in COMPUTERS]
    # The first failure of the raising action, and that the hanging one pauses.
    assert len([line for line in told if line.startswith("alert-delivery-failed")]) == 2


def test_log_tells_the_state_of_each_delivery(decided: list[dict[str, Any]]) -> None:
    states = [{delivery["action"]: delivery["state"] for delivery in entry["deliveries"]} for entry in decided]

    assert [entry["computer"] for entry in decided] == COMPUTERS
    assert states == [{"good": "delivered", "raising": "failed", "stuck": "pending"}] * len(COMPUTERS)


def test_log_tells_each_attempt(alert: Alert, decided: list[dict[str, Any]]) -> None:
    shown = json.loads(alert("log", "show", decided[0]["id"], "--json").stdout)

    attempts = {attempt["action"]: (attempt["outcome"], attempt["error"]) for attempt in shown["attempts"]}
    assert attempts == {
        "good": ("delivered", ""),
        "raising": ("raised", "send() raised RuntimeError: a bug"),
        "stuck": ("timed-out", "no answer within 0.5 seconds"),
    }


def test_plugins_that_cannot_be_used_are_listed_with_the_reason(listing: dict[str, list[dict[str, Any]]]) -> None:
    wrong = {plugin["name"]: (plugin["status"], plugin["error"]) for plugin in listing["plugins"] if plugin["error"]}

    assert wrong == {
        "unimportable": (
            "broken",
            "ModuleNotFoundError: No module named 'a_module_that_is_not_installed' (alert_unimportable.py, line 6)",
        ),
        "unfit": (
            "broken",
            "Plugin 'unfit' for hook 'alert_suppress' hookimpl definition: alert_suppress(notification, acton) "
            "Argument(s) {'acton'} are declared in the hookimpl but can not be found in the hookspec",
        ),
        "rival-one": ("conflict", "action type 'pager' is also offered by plugin 'rival-two' (alert-rival-two 1.5)"),
        "rival-two": ("conflict", "action type 'pager' is also offered by plugin 'rival-one' (alert-rival-one 1.5)"),
    }


def test_plugins_that_fail_while_running_are_listed_with_what_they_did(listing: dict[str, list[dict[str, Any]]]) -> None:
    faults = {(fault["plugin"], fault["action"], fault["kind"]): (fault["count"], fault["text"]) for fault in listing["faults"]}

    assert faults == {
        ("raise", "raising", "raised"): (6, "send() raised RuntimeError: a bug"),
        ("hang", "stuck", "hung"): (4, "no answer within 0.5 seconds"),
        ("hang", "stuck", "paused"): (1, "4 workers hang; deliveries wait until one comes back"),
    }


@pytest.mark.parametrize("name", ["unfit", "rival-one", "raise", "hang"])
def test_check_of_one_bad_plugin_fails(alert: Alert, run: Ended, name: str) -> None:
    assert alert("plugins", "--check", name).returncode == 1


def test_check_of_a_good_plugin_succeeds(alert: Alert, run: Ended) -> None:
    assert alert("plugins", "--check", "append").returncode == 0


def test_check_of_the_configuration_names_what_cannot_be_loaded(alert: Alert) -> None:
    checked = alert("check")

    assert checked.returncode == 1
    named = {name for name in PLUGINS if f"plugin '{name}'" in checked.stdout}
    assert named == {"unimportable", "unfit", "rival-one", "rival-two"}
