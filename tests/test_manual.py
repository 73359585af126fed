"""What the manual shows works: hooks are called as their headings say, and configurations are valid for what is installed."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from alert_core import ConfigError, hookspecs
from alert_core.config import load
from alert_core.plugins import Plugins

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
    for number, block in enumerate(re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.S))
    if re.search(r"^\[(plugins|store|sources\.|conditions\.|actions\.|defaults\.)", block, flags=re.M)
]


@pytest.mark.parametrize("name", hookspecs.__all__)
def test_heading_of_a_hook_is_its_signature(name: str) -> None:
    signature = str(inspect.signature(getattr(hookspecs, name))).replace("'", "")

    assert f"### {name}{signature}\n" in (DOCS / "hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", BLOCKS)
def test_configuration_in_the_manual_is_valid(block: str, tmp_path: Path) -> None:
    (tmp_path / "alert.toml").write_text(block, encoding="utf-8")

    try:
        load(tmp_path, Plugins.load())
    except ConfigError as error:
        # An excerpt may leave out the actions that it names.
        faults = [str(single) for single in error.errors if not single.problem.startswith("no action is named")]
    else:
        faults = []

    assert faults == []
