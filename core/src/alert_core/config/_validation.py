"""From a table to the model that describes it."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import to_json

from alert_core.config._documents import Table
from alert_core.config._faults import Faults
from alert_core.config._wording import explain
from alert_core.settings import Settings

__all__ = ["validate"]

KeysT = TypeVar("KeysT", bound=Settings)


def validate(model: type[KeysT], *, table: Table, faults: Faults, also: frozenset[str] = frozenset()) -> KeysT | None:
    """The table as its model, or `None` and faults.

    TOML has types, so nothing is converted that JSON's strict mode would refuse: `port = "162"` and `count = true` are faults.
    """
    try:
        return model.model_validate_json(to_json(table.values, inf_nan_mode="constants"), strict=True)
    except ValidationError as error:
        for path, problem, hint in explain(error, model=model, values=table.values, also=also):
            faults.add(problem, **table.place(path), hint=hint)
    # A plugin's own validator may raise anything; its settings cannot be used then, but the other faults are still found.
    except Exception as error:  # noqa: BLE001
        faults.add(f"the plugin cannot check these settings: {type(error).__name__}", **table.place())
    return None
