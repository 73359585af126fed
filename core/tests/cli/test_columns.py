from __future__ import annotations

import pytest

from alert_core.cli._columns import draw_columns


def plain(cell: str, piece: str) -> str:
    return piece


def test_last_column_is_folded_into_the_room_that_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")

    draw_columns(("Name", "What"), [("a", "one two three four five six"), ("much-too-long", "x" * 20 + "\ny")], plain)

    assert capsys.readouterr().out.splitlines() == [
        "Name        What",
        "a           one two three four",
        "            five six",
        "much-too-l  xxxxxxxxxxxxxxxxxx",
        "ong         xx",
        "            y",
    ]
