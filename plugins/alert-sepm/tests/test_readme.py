"""The README says what the tables say."""

from __future__ import annotations

from pathlib import Path

from alert_sepm.tables import FIELDS, FINER, SEVERITIES, TYPES

LINES = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8").splitlines()


def cell(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


def test_every_log_is_described() -> None:
    finer = {log: cell(*(kind for kind, _, _ in FINER.get(log, ()))) for log in TYPES}
    fields = {log: cell(*sorted(set(FIELDS[log].values()))) for log in TYPES}

    rows = [f"| `{log}` | `{type_}` | {finer[log]} | {fields[log]} |".replace("|  |", "| |") for log, type_ in TYPES.items()]

    assert rows == [line for line in LINES if line in rows]


def test_usual_severities_are_described() -> None:
    rows = [f"| `{name}` | `{severity}` |" for name, severity in SEVERITIES.items()]

    assert rows == [line for line in LINES if line in rows]
