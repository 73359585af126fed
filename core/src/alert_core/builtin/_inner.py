"""The format of records inside records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alert_core.components import Context, Format
from alert_core.errors import UnknownTypeError

__all__ = ["Choice", "inner_format"]

Choice = str | dict[str, Any] | None
"""What a setting `format` holds: a format's type, a table with `type` and its settings, or nothing."""


def inner_format(choice: str | Mapping[str, Any], context: Context) -> Format[Any]:
    """The format that a setting names.

    Raises:
        UnknownTypeError: It is not installed.
        ValidationError: Its settings are wrong.
    """
    settings = {"type": choice} if isinstance(choice, str) else dict(choice)
    name = str(settings.pop("type", ""))
    if name not in context.formats:
        import difflib

        near = difflib.get_close_matches(name, context.formats, n=1)
        raise UnknownTypeError(
            f"no installed plugin offers the format type {name!r}", hint=f"did you mean {near[0]!r}?" if near else ""
        )
    cls = context.formats[name]
    return cls(cls.settings_model.model_validate(settings), context)
