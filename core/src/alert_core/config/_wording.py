"""Pydantic's findings in our words: the key as it stands in the file, what is wrong, and the nearest valid name.

Values that a person typed are never repeated, because they may be secrets; numbers outside their range are.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alert_core.config._faults import did_you_mean
from alert_core.settings import Secret

__all__ = ["explain"]

Step = int | str

_PLAIN = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}
_BOUNDS = {
    "less_than_equal": ("is above", "le"),
    "less_than": ("is not below", "lt"),
    "greater_than_equal": ("is below", "ge"),
    "greater_than": ("is not above", "gt"),
}


def explain(
    error: ValidationError, *, model: type[BaseModel], values: Mapping[str, Any], also: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str, str]]:
    """Give dotted path, problem and hint of each fault.

    Args:
        error: What pydantic found.
        model: The model that was validated.
        values: What was validated, to tell keys of the file from pydantic's own steps.
        also: Further keys that are valid beside those of the model.
    """
    hidden = set(_secret_texts(model, values))
    problems: dict[str, list[str]] = {}
    hints: dict[str, str] = {}
    details = error.errors(include_url=False)
    around = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in around:
            continue  # pydantic does not count items that have faults themselves
        path = _path(detail, values)
        problem, hint = _word(detail, model, also)
        if detail["type"] in ("union_tag_not_found", "union_tag_invalid"):
            path = ".".join(part for part in (path, str(detail["ctx"]["discriminator"]).strip("'")) if part)
        if any(text in problem for text in hidden):
            problem = "is not valid"
        if problem not in problems.setdefault(path, []):
            problems[path].append(problem)
        hints.setdefault(path, hint)
    for path, texts in problems.items():
        first, *others = texts
        yield path, " or ".join([first, *(text.removeprefix("must be ") for text in others)]), hints[path]


def _word(detail: ErrorDetails, model: type[BaseModel], also: frozenset[str]) -> tuple[str, str]:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "extra_forbidden":
        *outer, name = detail["loc"]
        return _PLAIN[kind], did_you_mean(str(name), _keys_at(model, outer) | (frozenset() if outer else also), "keys")
    if kind in _PLAIN:
        return _PLAIN[kind], ""
    if kind in _BOUNDS and isinstance(value, int | float):
        words, bound = _BOUNDS[kind]
        return f"{value} {words} {str(context[bound]).removesuffix('.0')}", ""
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}", _nearest(value, str(context["expected"]))
    if kind == "union_tag_invalid":
        return f"must be one of {context['expected_tags']}", _nearest(context["tag"], str(context["expected_tags"]))
    if kind == "union_tag_not_found":
        return "is missing", ""
    if kind in ("string_too_short", "too_short") and context.get("min_length") == 1:
        return "must not be empty", ""
    if kind.endswith("_type") and "valid array" in detail["msg"]:
        return "must be a list", ""
    text = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    text = re.sub(r"^(Input|String|List|Value|\w+) should ", "must ", " ".join(text.split())).rstrip(".")
    return (text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"), ""


def _nearest(value: object, expected: str) -> str:
    """A hint only when something is near; the problem lists the valid values already."""
    hint = did_you_mean(str(value), re.findall(r"'([^']*)'", expected), "values")
    return hint if hint.startswith("did you mean") else ""


def _path(detail: ErrorDetails, values: Any) -> str:
    """The dotted key as it stands in the file: without the names that pydantic gives to the branches of a union."""
    _, steps = _trace(detail["loc"], values, detail["type"] == "missing")
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _trace(location: Sequence[Step], values: Any, missing: bool) -> tuple[bool, list[Step]]:
    """Which steps are keys of the file, and whether the last one is; a branch may have the name of a key inside it."""
    if not location:
        return True, []
    step, *rest = location
    nothing: tuple[bool, list[Step]] = (False, [])
    skipped = _trace(rest, values, missing) if rest else nothing
    there = step in values if isinstance(values, Mapping) else isinstance(step, int) and isinstance(values, list)
    if there and (rest or not missing):
        whole, steps = _trace(rest, values[step], missing)
        return max((whole, [step, *steps]), skipped, key=lambda found: (found[0], len(found[1])))
    if not there and not rest and missing and isinstance(values, Mapping):
        return True, [step]
    return skipped


def _keys_at(model: type[BaseModel], location: Iterable[int | str]) -> set[str]:
    """The keys that a table inside the settings may have; those of every branch where there is a choice."""
    models = [model]
    for step in location:
        found = [
            inner
            for outer in models
            if step in outer.model_fields
            for inner in _models(outer.model_fields[str(step)].annotation)
        ]
        models = found or models
    return {name for inner in models for name in inner.model_fields}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The settings models that an annotation mentions."""
    for part in _parts(annotation):
        if issubclass(part, BaseModel):
            yield part


def _parts(annotation: Any) -> Iterator[type]:
    arguments = typing.get_args(annotation)
    for argument in arguments:
        yield from _parts(argument)
    if not arguments and isinstance(annotation, type):
        yield annotation


def _secret_texts(model: type[BaseModel], values: Any) -> Iterator[str]:
    """Every text in the values that may be a secret."""
    if not isinstance(values, Mapping):
        return
    for name, field in model.model_fields.items():
        value = values.get(name)
        if any(issubclass(part, Secret) for part in _parts(field.annotation)):
            yield from _texts(value)
        for inner in _models(field.annotation):
            for item in value if isinstance(value, list) else [value]:
                yield from _secret_texts(inner, item)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
