from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

FakeDistribution = Callable[..., None]


@pytest.fixture
def fake_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDistribution]:
    """Makes an installed distribution: a module, its metadata and its entry point, in a folder on `sys.path`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def make(distribution: str, source: str, *, plugin: str = "", version: str = "1.0", reference: str = "") -> None:
        module = distribution.replace("-", "_")
        (site / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        metadata = site / f"{module}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        name = plugin or distribution.removeprefix("alert-")
        (metadata / "entry_points.txt").write_text(f"[alert_core]\n{name} = {reference or module}\n")

    yield make
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(site)):
            del sys.modules[name]
