"""The types of one kind by name, and what makes a class fit to be one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from alert_core.components import Component
from alert_core.errors import PluginConflictError, UnknownTypeError
from alert_core.settings import Settings

__all__ = ["Registry", "check_component"]

ComponentT = TypeVar("ComponentT", bound=Component[Any])

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Registry(Mapping[str, type[ComponentT]], Generic[ComponentT]):
    """Name -> class, for one kind of component.

    Args:
        kind: `source`, `format`, `condition` or `action`.
        types: The types that can be used.
        conflicts: Names that several plugins claim, with the error for whoever asks for one.
        prepare: Makes a type ready for use, or raises why it is not.
        hint: What to do about a name that nobody offers.
    """

    def __init__(
        self,
        kind: str,
        *,
        types: Mapping[str, type[ComponentT]],
        conflicts: Mapping[str, PluginConflictError],
        prepare: Callable[[type[ComponentT]], None],
        hint: Callable[[str], str],
    ) -> None:
        self.kind = kind
        self._types = dict(sorted(types.items()))
        self._conflicts = dict(conflicts)
        self._prepare = prepare
        self._hint = hint

    def __getitem__(self, name: str) -> type[ComponentT]:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def find(self, name: str) -> type[ComponentT]:
        """The class of that name, ready for use.

        Raises:
            PluginConflictError: Several plugins claim the name.
            PluginLoadError: Its settings model is faulty.
            UnknownTypeError: No usable plugin offers it; the hint says what may have been meant or must be installed.
        """
        if name in self._types:
            self._prepare(self._types[name])
            return self._types[name]
        if name in self._conflicts:
            raise self._conflicts[name]
        raise UnknownTypeError(f"no installed plugin offers the {self.kind} type {name!r}", hint=self._advice(name))

    def _advice(self, name: str) -> str:
        hint = self._hint(name)
        if hint:
            return hint
        import difflib

        near = difflib.get_close_matches(name, self._types, n=1)
        if near:
            return f"did you mean {near[0]!r}?"
        offered = ", ".join(repr(other) for other in self._types)
        return f"installed types: {offered}" if offered else "see `alert plugins`"


def check_component(cls: object, base: type[Component[Any]], reserved: frozenset[str] = frozenset()) -> None:
    """Raise `TypeError` when a class cannot be used as a component, with the reason."""
    kind = base.__name__
    if not isinstance(cls, type) or not issubclass(cls, base):
        raise TypeError(f"{_shown(cls)} is not a subclass of {kind}")
    if inspect.isabstract(cls):
        raise TypeError(f"{cls.__name__} does not implement {', '.join(sorted(cls.__abstractmethods__))}")
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problem = "has no name" if name is None else f"has the name {name!r}"
        raise TypeError(f"{cls.__name__} {problem}; a name is lower case letters, digits and single hyphens")
    if not isinstance(getattr(cls, "label", None), str) or not cls.label.strip():
        raise TypeError(f"{cls.__name__} has no label")
    _check_settings(cls, kind, reserved)


def _check_settings(cls: type[Component[Any]], kind: str, reserved: frozenset[str]) -> None:
    written = any("settings_model" in base.__dict__ for base in cls.__mro__ if base is not Component)
    model = cls.settings_model
    if not written or not isinstance(model, type) or not issubclass(model, Settings):
        raise TypeError(f"{cls.__name__} names no settings model; write `class {cls.__name__}({kind}[{cls.__name__}Settings])`")
    taken = sorted(reserved & set(model.model_fields))
    if taken:
        raise TypeError(f"{model.__name__} has the field {taken[0]!r}, which the core itself reads in every such table")


def _shown(value: object) -> str:
    return value.__name__ if isinstance(value, type) else f"a {type(value).__name__}"
