"""Packages that fetch a name when it is first asked for, so that importing one costs no more than what is used of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

__all__ = ["fetching"]


def fetching(package: str, names: Sequence[str], modules: Sequence[str]) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package.

    Args:
        package: The package.
        names: What it offers: its `__all__`.
        modules: Where in it these names are, what is cheap to import first: they are looked through in this order.
    """

    def fetch(name: str) -> Any:
        if name in names:
            for module in modules:
                home = vars(import_module(f"{package}.{module}"))
                if name in home:
                    setattr(sys.modules[package], name, home[name])
                    return home[name]
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return fetch
