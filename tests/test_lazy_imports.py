"""Starting is quick because nothing heavy is imported before it is needed; each case looks at a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"aiosmtpd", "alembic", "asyncio", "jinja2", "pysnmp", "requests", "rich", "smtplib", "sqlalchemy", "ssl", "urllib3"}


def imported_by(code: str) -> set[str]:
    """Return the top-level packages that a fresh process has imported after running some code."""
    report = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


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
    assert imported_by(code) & HEAVY == set()
