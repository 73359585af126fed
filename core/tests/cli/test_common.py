from __future__ import annotations

import gc

import pytest

from alert_core.cli._common import undisturbed


def test_garbage_is_looked_for_again_when_imports_are_over() -> None:
    with undisturbed():
        during = gc.isenabled()

    assert (during, gc.isenabled()) == (False, True)


def test_who_looks_for_no_garbage_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.disable()
    try:
        with undisturbed():
            pass
        after = gc.isenabled()
    finally:
        gc.enable()

    assert not after
