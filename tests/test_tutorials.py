"""What the tutorials show is what the examples are, byte for byte, and it works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alert_core.config import load
from alert_core.plugins import Plugins

ROOT = Path(__file__).parent.parent
TUTORIAL = ROOT / "docs" / "tutorial-plugin.md"
HELLO = ROOT / "examples" / "alert-hello"
LISTING = re.compile(r"^\[`(?P<name>[^`]+)`\]\(\.\./(?P<path>examples/[^)]+)\):\n\n```\w+\n(?P<text>.*?)^```", re.M | re.S)
LISTINGS = list(LISTING.finditer(TUTORIAL.read_text(encoding="utf-8")))


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing["name"])
def test_listing_is_the_file_it_names(listing: re.Match[str]) -> None:
    assert listing["path"].endswith(listing["name"])
    assert listing["text"] == (ROOT / listing["path"]).read_text(encoding="utf-8")


def test_tutorial_shows_every_file_that_an_author_writes() -> None:
    written = {str(file.relative_to(ROOT)) for file in (*HELLO.rglob("*.py"), *HELLO.rglob("*.toml"))}

    assert {listing["path"] for listing in LISTINGS} == written


def test_plugin_is_as_short_as_the_manual_says() -> None:
    lines = (HELLO / "src" / "alert_hello" / "__init__.py").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 30


def test_configuration_of_the_tutorial_is_valid_with_the_plugin(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml alert\.toml\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), flags=re.M | re.S)
    (tmp_path / "alert.toml").write_text("".join(blocks), encoding="utf-8")

    config = load(tmp_path, Plugins.load(files=[HELLO / "src" / "alert_hello" / "__init__.py"]))

    assert list(config.actions) == ["notebook"]
