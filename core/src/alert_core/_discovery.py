"""Where plugins come from: installed entry points, single files, objects. Finding one does not import it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points
from pathlib import Path

__all__ = ["GROUP", "Choice", "Found", "find"]

GROUP = "alert_core"
"""The entry-point group in which distributions announce their plugins."""

CORE = "alert-core"
"""The distribution of the built-in plugin, which cannot be blocked."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A plugin that is there; `load` imports it."""

    name: str
    load: Callable[[], object]
    distribution: str = ""
    version: str = ""
    chosen: bool = False
    """Whether it was asked for by name on the spot, so that `only` does not leave it out."""


@dataclass(frozen=True)
class Choice:
    """Which plugins may be imported.

    Attributes:
        only: Names of those that may; `None`: all.
        block: Names of those that may not.
    """

    only: frozenset[str] | None
    block: frozenset[str]

    @classmethod
    def of(cls, only: Iterable[str] | None, block: Iterable[str]) -> Choice:
        """What the configuration says; `ALERT_PLUGINS_ONLY` replaces `only`, `ALERT_PLUGINS_BLOCK` adds to `block`."""
        said = os.environ.get("ALERT_PLUGINS_ONLY")
        chosen = only if said is None else _names(said)
        more = _names(os.environ.get("ALERT_PLUGINS_BLOCK", ""))
        return cls(None if chosen is None else frozenset(chosen), frozenset(block) | more)

    @property
    def named(self) -> frozenset[str]:
        """Every name that it mentions."""
        return (self.only or frozenset()) | self.block

    def refuses(self, found: Found) -> str:
        """Why a plugin is not imported, or nothing."""
        if found.distribution == CORE:
            return ""
        if found.name in self.block:
            return "it is blocked by the configuration"
        if self.only is not None and not found.chosen and found.name not in self.only:
            return "it is not among those that the configuration allows"
        return ""


def find(files: Sequence[Path] = (), objects: Mapping[str, object] | None = None) -> list[Found]:
    """Everything that could be loaded: the built-in plugin first, the others by name."""
    others = [_installed(point) for point in entry_points(group=GROUP)]
    others += [_file(path) for path in files]
    others += [_object(name, plugin) for name, plugin in (objects or {}).items()]
    return [_builtin(), *sorted(others, key=lambda found: (found.name, found.distribution))]


def _builtin() -> Found:
    try:
        _, own = _identity(distribution(CORE))
    except PackageNotFoundError:
        own = ""
    return Found(
        name="builtin", load=lambda: importlib.import_module("alert_core.builtin.plugin"), distribution=CORE, version=own
    )


def _installed(point: EntryPoint) -> Found:
    name, number = _identity(point.dist) if point.dist else ("", "")
    return Found(name=point.name, load=point.load, distribution=name, version=number if name else "")


def _identity(known: Distribution) -> tuple[str, str]:
    """Name and version of a distribution; empty where metadata written by other tools lack them, which hides no plugin.

    `Distribution.name` and `.version` each parse all of the metadata as an e-mail, the README in it as well.
    """
    said = {"name": "", "version": ""}
    for line in (known.read_text("METADATA") or known.read_text("PKG-INFO") or "").splitlines():
        if not line:
            break
        key, _, value = line.partition(":")
        if key.lower() in said:
            said[key.lower()] = value.strip()
    return said["name"], said["version"]


def _file(path: Path) -> Found:
    return Found(name=path.stem, load=lambda: _import_file(path), distribution=path.name, chosen=True)


def _object(name: str, plugin: object) -> Found:
    return Found(name=name, load=lambda: plugin, chosen=True)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _import_file(path: Path) -> object:
    """Import one file as a module of its own name, out of the way of installed ones."""
    name = f"_alert_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Annotations of settings models are looked up here.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
