"""The public API, frozen in `api.txt`, one name or signature a line, so that every change of it is seen in a diff.

`uv run nox -s api -- --accept` writes the file anew.
"""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from pydantic import BaseModel

FROZEN = Path(__file__).with_name("api.txt")
MODULES = ("alert_core", "alert_core.hookspecs", "alert_core.testing", "alert_core.testing.peers")


class Unquoted(str):
    """Text that shows without quotation marks where `inspect` expects an annotation."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def lines_of_module(module: ModuleType) -> Iterator[str]:
    for name in sorted(getattr(module, "__all__", ())):
        yield from lines_of(f"{module.__name__}.{name}", getattr(module, name))


def lines_of(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, type) and value.__module__.startswith("alert_core"):
        yield from lines_of_class(path, value)
    elif inspect.isroutine(value):
        yield f"def {path}{signature_of(value)}"
    else:
        yield f"{path}: {type(value).__name__}"


def lines_of_class(path: str, cls: type) -> Iterator[str]:
    yield f"class {path}({', '.join(base.__name__ for base in cls.__bases__)})"
    if issubclass(cls, Enum):
        yield from (f"{path}.{member.name} = {member.value!r}" for member in cls)
        return
    for name, annotation in sorted(inspect.get_annotations(cls).items()):
        if not name.startswith("_"):
            yield f"{path}.{name}: {annotation}"
    # The makers of models, structs and protocols are generated and follow from their fields.
    if "__init__" in cls.__dict__ and not issubclass(cls, BaseModel | msgspec.Struct) and not vars(cls).get("_is_protocol"):
        yield f"def {path}.__init__{signature_of(cls.__dict__['__init__'])}"
    for name, member in sorted(cls.__dict__.items()):
        if not name.startswith("_"):
            yield from lines_of_member(f"{path}.{name}", member)


def lines_of_member(path: str, member: Any) -> Iterator[str]:
    if isinstance(member, property):
        yield f"property {path}"
    elif isinstance(member, staticmethod | classmethod):
        yield f"{type(member).__name__} {path}{signature_of(member.__func__)}"
    elif inspect.isfunction(member):
        yield f"def {path}{signature_of(member)}"


def signature_of(function: Any) -> str:
    signature = inspect.signature(function)
    parameters = [parameter.replace(annotation=unquoted(parameter.annotation)) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=unquoted(signature.return_annotation)))


def unquoted(annotation: Any) -> Any:
    return Unquoted(annotation) if isinstance(annotation, str) else annotation


def test_public_api_is_the_frozen_one() -> None:
    lines = [line for name in MODULES for line in lines_of_module(importlib.import_module(name))]
    if os.environ.get("ALERT_ACCEPT_API") == "1":
        FROZEN.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    frozen = FROZEN.read_text(encoding="utf-8").splitlines()

    gone, new = [line for line in frozen if line not in lines], [line for line in lines if line not in frozen]
    assert (gone, new) == ([], []), "if this is meant: `uv run nox -s api -- --accept`, and a changelog fragment"
