"""What several test modules share."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alert_core import Context
from alert_sepm import SepmFormat, SepmFormatSettings
from alert_sepm.testing import LocalManager

CORPUS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text(encoding="utf-8"))["record"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "known" in metafunc.fixturenames:
        metafunc.parametrize("known", CORPUS, ids=[record["name"] for record in CORPUS])


@pytest.fixture
def sepm() -> SepmFormat:
    return SepmFormat(SepmFormatSettings(year=2024), Context(name="test"))


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[LocalManager]:
    with LocalManager(tmp_path) as manager:
        yield manager
