"""What there is inside a settings model, nested tables included."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from alert_core.settings import Secret

__all__ = ["all_models", "secrets_in", "types_in"]


def all_models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and all models of its fields, each once."""
    found = [model]
    for each in found:
        for field in each.model_fields.values():
            nested = (one for one in types_in(field.annotation) if issubclass(one, BaseModel))
            found += [one for one in nested if one not in found]
    return found


def types_in(annotation: object) -> set[type]:
    """The classes that an annotation such as `dict[str, Secret] | None` is made of."""
    found = {annotation} if isinstance(annotation, type) else set()
    return found.union(*(types_in(part) for part in typing.get_args(annotation)))


def secrets_in(value: object) -> Iterator[Secret]:
    """Every secret in a settings object."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for _, each in value:
            yield from secrets_in(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from secrets_in(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from secrets_in(each)
