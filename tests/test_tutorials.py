"""What the tutorials show is what the examples are, byte for byte, and it works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alert_core.config import load
from alert_core.plugins import Plugins

ROOT = Path(__file__).parent.parent
TUTORIAL = ROOT / "docs" / "tutorial-plugin.md"
HELLO = ROOT / "examples" / "alert-hello"
LISTING = re.compile(r"^\[`(?P<name>[^`]+)`\]\(\.\./(?P<path>examples/[^)]+)\):\n\n```\w+\n(?P<text>.*?)^```", re.M | re.S)
CONSOLES = re.findall(r"^```console\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), flags=re.M | re.S)
LISTINGS = list(LISTING.finditer(TUTORIAL.read_text(encoding="utf-8")))


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing["name"])
def test_listing_is_the_file_it_names(listing: re.Match[str]) -> None:
    assert listing["path"].endswith(listing["name"])
    assert listing["text"] == (ROOT / listing["path"]).read_text(encoding="utf-8")


def test_tutorial_shows_every_file_that_an_author_writes() -> None:
    written = {str(file.relative_to(ROOT)) for file in (*HELLO.rglob("*.py"), *HELLO.rglob("*.toml"))}

    assert {listing["path"] for listing in LISTINGS} == written


def test_distribution_is_as_short_as_the_manual_says() -> None:
    code = [line for file in HELLO.rglob("*.py") for line in lines_of_code(file)]

    assert len(code) <= 30


def lines_of_code(file: Path) -> list[str]:
    """What is left without blank lines and docstrings."""
    text = re.sub(r'^ *""".*"""$', "", file.read_text(encoding="utf-8"), flags=re.M)
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.slow
def test_plugin_is_gold_in_an_environment_of_its_own(tmp_path: Path) -> None:
    uv = shutil.which("uv") or pytest.skip("uv is not installed")
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(uv, "venv", "--quiet", "--python", sys.executable, "venv")
    for folder in (ROOT / "core", HELLO):
        run(uv, "build", "--quiet", "--wheel", "--out-dir", "wheels", str(folder))
    wheels = [f"{wheel}[testing]" for wheel in sorted((tmp_path / "wheels").glob("*.whl"))]
    run(uv, "pip", "install", "--quiet", "--python", "venv", *wheels)
    shown = run("venv/bin/alert", "plugins", "--check", "hello", "--level", "gold")

    excerpt = next(block for block in CONSOLES if "--check hello" in block)
    said = [line.rstrip() for line in shown.splitlines()]
    assert [line for line in excerpt.splitlines() if not line.startswith("$") and line not in said] == []


def test_configuration_of_the_tutorial_is_valid_with_the_plugin(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml alert\.toml\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), flags=re.M | re.S)
    (tmp_path / "alert.toml").write_text("".join(blocks), encoding="utf-8")

    config = load(tmp_path, Plugins.load(files=[HELLO / "src" / "alert_hello" / "__init__.py"]))

    assert list(config.actions) == ["notebook"]
