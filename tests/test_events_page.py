"""The page about events says what the code does."""

from __future__ import annotations

import runpy
from pathlib import Path

from alert_core import Event

WRITER = Path(__file__).parents[1] / "docs" / "events_page.py"


def test_page_is_what_the_code_says() -> None:
    page: str = runpy.run_path(str(WRITER))["page"]()

    assert WRITER.with_name("events.md").read_text(encoding="utf-8") == page, "run python docs/events_page.py"


def test_page_has_every_field() -> None:
    assert set(runpy.run_path(str(WRITER))["MEANINGS"]) == set(Event.__struct_fields__)
