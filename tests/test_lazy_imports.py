"""Starting is quick because nothing heavy is imported before it is needed; each case looks at a fresh process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

HEAVY = {"aiosmtpd", "alembic", "asyncio", "jinja2", "pysnmp", "requests", "rich", "smtplib", "sqlalchemy", "ssl", "urllib3"}
PLUGINS = {"alert_core.plugins", "alert_email", "alert_exec", "alert_file", "alert_snmp", "alert_syslog", "alert_web", "pluggy"}
# What a type does when it works; a command that only asks which types there are, or what they are set to, needs none of it.
WORK = {
    "alert_core.builtin._cef_records", "alert_core.builtin._leef_records", "alert_core.builtin._marked_records",
    "alert_core.builtin._syslog_records", "alert_core.counting", "alert_core.evaluators", "alert_core.wire",
    "alert_email._message", "alert_email._smtp", "alert_exec._runner",
    "alert_file._files", "alert_file._follow", "alert_file._group", "alert_file._piece", "alert_file._stdin",
    "alert_file._text", "alert_file._trail",
    "alert_sepm._header", "alert_sepm._records",
    "alert_snmp._ber", "alert_snmp._events", "alert_snmp._messages", "alert_snmp._names", "alert_snmp._tippingpoint_mib",
    "alert_syslog._message", "alert_tippingpoint._device", "alert_tippingpoint._messages", "alert_tippingpoint._tabbed",
    "alert_web._client", "alert_web.receiver._server",
}  # fmt: skip
DECIDING = {"alert_core.counting", "alert_core.evaluators"}
SETTINGS_OF_FORMATS = {"alert_core.builtin.auto", "alert_core.builtin.json", "alert_core.builtin.threshold"}

# The measurement of coverage goes along into other processes, where it imports sqlite3.
UNMEASURED = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}

CONFIGURATION = """
[sources.events]
type = "file"
path = "events.ndjson"

[conditions.failures]
type = "threshold"
count = 1
minutes = 60
actions = ["siem"]

[actions.siem]
type = "syslog"
server = "127.0.0.1"
port = {port}
"""
EVENT = {"time": "2024-03-01T12:00:00Z", "type": "auth-failure", "computer": "pc-1"}


def imported_by(code: str, folder: Path | None = None) -> set[str]:
    """Return the modules that a fresh process has imported after running some code."""
    report = "import json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], cwd=folder, check=True, capture_output=True, text=True, env=UNMEASURED
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def imported_by_command(command: str, folder: Path) -> set[str]:
    """Return the modules that `alert` has imported when a command, which must succeed, is done."""
    run = f"main({command.split()!r}, standalone_mode=False)"
    return imported_by(
        f"from alert_core.cli.main import main\ntry: {run}\nexcept SystemExit as end: assert not end.code", folder
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A configuration in which nothing is wrong, and a log with an entry."""
    folder = tmp_path_factory.mktemp("site")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        (folder / "alert.toml").write_text(CONFIGURATION.format(port=server.getsockname()[1]))
        (folder / "events.ndjson").write_text(json.dumps(EVENT) + "\n")
        subprocess.run([sys.executable, "-m", "alert_core", "run", "--once"], cwd=folder, check=True, capture_output=True)
        yield folder


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import alert_core", id="public names"),
        pytest.param("from alert_core.plugins import Plugins; Plugins.load()", id="listing all plugins"),
        pytest.param(
            "from alert_core.plugins import Plugins\n"
            "plugins = Plugins.load()\n"
            "for kind in (plugins.sources, plugins.formats, plugins.conditions, plugins.actions):\n"
            "    for name in kind: kind[name].settings_model.model_json_schema()",
            id="describing all settings",
        ),
        pytest.param("import alert_core.cli.main", id="command line"),
    ],
)
def test_nothing_heavy_is_imported_by(code: str) -> None:
    assert imported_by(code) & (HEAVY | WORK) == set()


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        ("--version", HEAVY | PLUGINS | {"alert_core.config", "msgspec", "pydantic", "sqlite3"}),
        ("log list --help", HEAVY | PLUGINS | {"pydantic", "sqlite3"}),
        (
            "--help",
            HEAVY
            | WORK
            | SETTINGS_OF_FORMATS
            | {"alert_core.config", "alert_core.engine", "alert_core.store", "sqlite3", "tomllib"},
        ),
        ("check", HEAVY | WORK | {"alert_core.engine", "alert_core.runtime", "alert_core.store", "sqlite3"}),
        ("condition explain failures", HEAVY | (WORK - DECIDING) | {"alert_core.runtime", "alert_core.store", "sqlite3"}),
        ("schema", HEAVY | WORK | {"alert_core.engine", "alert_core.store", "sqlite3"}),
        ("log list", (HEAVY - {"rich"}) | PLUGINS | {"alert_core.engine", "alert_core.config.loading"}),
        ("log list --json", HEAVY | PLUGINS | {"alert_core.engine", "alert_core.config.loading"}),
        ("log export", HEAVY | PLUGINS | {"alert_core.engine", "alert_core.config.loading"}),
        ("ack --all", HEAVY | PLUGINS | {"alert_core.engine", "alert_core.config.loading"}),
        ("plugins", HEAVY | WORK),
        ("run --once", {"alembic", "jinja2", "pysnmp", "requests", "rich", "smtplib", "sqlalchemy.orm", "urllib3"}),
    ],
)
def test_command_does_not_import_what_it_does_not_need(command: str, unneeded: set[str], folder: Path) -> None:
    assert imported_by_command(command, folder) & unneeded == set()


@pytest.mark.parametrize("command", ["check", "condition explain failures"])
def test_settings_models_of_what_is_not_configured_are_not_built_by(command: str, folder: Path) -> None:
    run = f"main({command.split()!r}, standalone_mode=False)"
    code = f"""
from alert_core.cli.main import main
try: {run}
except SystemExit as end: assert not end.code
from alert_file.settings import FileSettings
from alert_web.settings import WebSettings
assert FileSettings.__pydantic_complete__
assert not WebSettings.__pydantic_complete__
"""

    assert "alert_file.settings" in imported_by(code, folder)
