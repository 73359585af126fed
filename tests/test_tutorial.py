"""The listings of the tutorial and of the README are those of real files, and real output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "plugins" / "alert-demo" / "src" / "alert_demo" / "example" / "alert.toml"
OWN = ROOT / "examples" / "tutorial" / "alert.toml"


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.M | re.S)


def alert(*arguments: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alert_core", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", **environment},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module")
def shown(folder: Path) -> str:
    """What the demo shows, having left its configuration in `folder`."""
    done = alert("demo", "--wait=60", "--folder", str(folder))
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def test_configurations_in_the_tutorial_are_parts_of_real_files() -> None:
    *excerpts, own = blocks("docs/tutorial.md", "toml")

    assert [excerpt for excerpt in excerpts if excerpt not in EXAMPLE.read_text(encoding="utf-8")] == []
    assert own == OWN.read_text(encoding="utf-8")


def test_configuration_of_ones_own_is_right() -> None:
    checked = alert("check", "--strict", "--config", str(OWN), MAIL_PASSWORD="secret")

    assert (checked.stderr, checked.returncode) == ("", 0)


def test_readme_shows_what_the_demo_shows(shown: str) -> None:
    excerpt = next(block for block in blocks("README.md", "text") if "guesses passwords" in block)

    printed = [line.rstrip() for line in shown.splitlines()]
    assert [line for line in excerpt.splitlines() if line.rstrip() not in printed] == []


@pytest.mark.usefixtures("shown")
def test_dampers_make_the_difference_that_the_tutorial_names(folder: Path) -> None:
    file = folder / "alert.toml"
    text = file.read_text(encoding="utf-8")

    before = alert("replay", "--decisions", folder=folder).stdout.count('"condition":"ssh-guessing"')
    file.write_text(text.replace('damper = "auto"', 'damper = "none"'), encoding="utf-8")
    after = alert("replay", "--decisions", folder=folder).stdout.count('"condition":"ssh-guessing"')

    assert f"it would have been {after} notifications instead of {before}" in (ROOT / "docs/tutorial.md").read_text()
