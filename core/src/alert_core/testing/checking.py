"""Which level a component reaches: runs its conformance class in a Python of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from alert_core.errors import PluginError
from alert_core.testing.levels import Check, Level, Report

if TYPE_CHECKING:
    from alert_core.testing.component import ShapeConformance

__all__ = ["GROUP", "level_of", "levels_of_plugin"]

GROUP = "alert_core.conformance"
"""The entry-point group in which a distribution names its conformance classes."""

_HINT = f"so nothing that it does was tried; name its conformance class in the entry-point group {GROUP}"


def level_of(cls: type[ShapeConformance]) -> Report:
    """Run a conformance class and say which level it proves.

    Args:
        cls: A class that can be imported by its name, such as `alert_hello.conformance.HelloConformance`.

    Raises:
        PluginError: It could not be run at all; the text is what pytest said.
    """
    component, source = cls.component(), f"from {cls.__module__} import {cls.__name__} as TestIt"
    return Report(kind=cls.kind, name=component.name, checks=_run(component.name, source))


def levels_of_plugin(types: Sequence[tuple[str, str]], *, distribution: str) -> list[Report]:
    """The level of each component that a plugin offers.

    Args:
        types: Kind and type name of each component.
        distribution: Which distribution it came with; its entry points are asked for conformance classes.

    Raises:
        PluginError: A conformance class could not be imported or run.
    """
    kits = {(kit.kind, kit.component().name): kit for kit in map(_kit, _points(distribution))}
    return [level_of(kits[kind, type]) if (kind, type) in kits else _shape_of(kind, type) for kind, type in types]


def _points(distribution: str) -> list[EntryPoint]:
    return [point for point in entry_points(group=GROUP) if point.dist is not None and point.dist.name == distribution]


def _kit(point: EntryPoint) -> type[ShapeConformance]:
    # A plugin's code, which may fail in any way.
    try:
        kit: type[ShapeConformance] = point.load()
        kit.component()
    except Exception as error:
        package = point.dist.name if point.dist else point.module
        problem = f"{point.value} cannot be used: {type(error).__name__}: {error}; pip install '{package}[testing]'"
        raise PluginError(problem, plugin=point.name) from error
    return kit


def _shape_of(kind: str, name: str) -> Report:
    """What can be said without a conformance class."""
    checks = _run(name, f"from alert_core.testing.checking import shape\n\nTestIt = shape({kind!r}, {name!r})")
    return Report(kind=kind, name=name, checks=checks, missing=f"{Level.SILVER} needs a conformance class, {_HINT}")


def shape(kind: str, name: str) -> type[ShapeConformance]:
    """The tests that need nothing but the class of an installed component."""
    from alert_core.plugins import Plugins
    from alert_core.testing.component import ShapeConformance

    found = getattr(Plugins.load(), f"{kind}s").find(name)
    return type("Shape", (ShapeConformance,), {"kind": kind, kind: found})


def _run(name: str, source: str) -> list[Check]:
    """Run the test class `TestIt` of a test module in a process of its own, where nothing is imported yet and nothing stays."""
    with tempfile.TemporaryDirectory(prefix="alert-check-") as folder:
        test, record = Path(folder, "test_it.py"), Path(folder, "record")
        test.write_text(f'"""Generated."""\n\n{source}\n', encoding="utf-8")
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        record.touch()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "alert_core.testing.plugin"]
        command += ["-p", "alert_core.testing._recorder", f"--alert-record={record}", f"--basetemp={folder}/own", str(test)]
        # Whatever else is installed for pytest, or set for the user's own tests, has no business here.
        settings = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(  # noqa: S603 our own Python, our own file
            command, cwd=folder, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        lines = record.read_text(encoding="utf-8").splitlines()
    if done.returncode not in (0, 1) or not lines:
        said = " ".join((done.stdout + done.stderr).split())[-400:]
        raise PluginError(f"its conformance class cannot be run: {said}", plugin=name)
    return [Check(**{**values, "level": Level(values["level"])}) for values in map(json.loads, lines)]
