"""Rules that a review would otherwise have to repeat; each test says which one is broken, and where."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
MODULE_LINES = 300
FUNCTION_LINES = 60
SUPPRESSIONS_PER_1000_LINES = 5

SOURCES = sorted(ROOT.glob("core/src/**/*.py")) + sorted(ROOT.glob("plugins*/*/src/**/*.py"))
# Alembic runs these; their shape is Alembic's.
MODULES = [file for file in SOURCES if "migrations" not in file.parts]
PLUGIN_MODULES = [file for file in MODULES if "core" not in file.relative_to(ROOT).parts[:1]]
# What the core keeps to itself although the names have no underscore; the names with one are its own in any case.
NOT_FOR_PLUGINS = ("builtin", "cli", "engine", "plugins", "runtime", "store")
FRAGMENT = re.compile(r"(?P<distribution>[a-z-]+)/[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md")


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), name_of(file))


def imports_of(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Of `from package import name`, the name may be a module as well.
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def classes_of(file: Path, base: str) -> Iterator[ast.ClassDef]:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(parent).split("[")[0] == base for parent in node.bases):
            yield node


each_module = pytest.mark.parametrize("file", MODULES, ids=name_of)
each_plugin_module = pytest.mark.parametrize("file", PLUGIN_MODULES, ids=name_of)


@each_module
def test_module_is_short(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())

    assert lines <= MODULE_LINES, f"{name_of(file)} has {lines} lines; split it at its ideas"


@each_module
def test_functions_are_short(file: Path) -> None:
    functions = (node for node in ast.walk(parsed(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    long = [
        f"{name_of(file)}:{node.lineno}: {node.name}() has {node.end_lineno - node.lineno + 1} lines"
        for node in functions
        if node.end_lineno and node.end_lineno - node.lineno >= FUNCTION_LINES
    ]

    assert long == []


@each_module
def test_module_begins_with_a_docstring_and_the_annotations_import(file: Path) -> None:
    tree = parsed(file)
    statements = [ast.unparse(node) for node in tree.body]

    assert ast.get_docstring(tree), f"{name_of(file)} does not say what it is for"
    assert len(statements) == 1 or statements[1] == "from __future__ import annotations", f"{name_of(file)}: first import"


@each_module
def test_hooks_are_called_through_the_facade_alone(file: Path) -> None:
    calls = [node.lineno for node in ast.walk(parsed(file)) if isinstance(node, ast.Attribute) and node.attr == "hook"]

    assert calls == [] or name_of(file) == "core/src/alert_core/plugins.py", f"{name_of(file)}: lines {calls}"


@each_module
def test_no_function_rebinds_a_global_name(file: Path) -> None:
    rebound = [(node.lineno, node.names) for node in ast.walk(parsed(file)) if isinstance(node, ast.Global)]

    assert rebound == [], f"{name_of(file)}: build an object and pass it"


@each_module
def test_nothing_is_printed_outside_the_command_line(file: Path) -> None:
    printing = [
        node.lineno
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "click.echo", "click.secho")
    ]

    assert printing == [] or {"cli", "cli.py"} & set(file.parts), f"{name_of(file)}: lines {printing}"


@each_module
def test_no_public_class_looks_like_a_test_to_pytest(file: Path) -> None:
    names = [node.name for node in ast.walk(parsed(file)) if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]

    assert names == []


@each_module
def test_every_setting_has_a_title_and_a_description(file: Path) -> None:
    bare = [
        f"{name_of(file)}:{field.lineno}: {model.name}.{ast.unparse(field.target)}"
        for model in classes_of(file, "Settings")
        for field in model.body
        if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field.annotation)
        if not {"title", "description"} <= keywords_of(field)
    ]

    assert bare == []


def keywords_of(field: ast.AnnAssign) -> set[str | None]:
    """The names of the arguments of `Field(...)`, as a value or inside `Annotated`."""
    parts = [part for part in (field.value, field.annotation) if part is not None]
    calls = (node for part in parts for node in ast.walk(part) if isinstance(node, ast.Call))
    return {keyword.arg for call in calls if ast.unparse(call.func).endswith("Field") for keyword in call.keywords}


@each_module
def test_nothing_is_left_for_later(file: Path) -> None:
    notes = re.findall(r"\b(?:TODO|FIXME|XXX)\b.*", file.read_text(encoding="utf-8"))

    assert notes == []


@pytest.mark.parametrize("base", ["Action", "Condition", "EventSource", "Format", "Settings"])
def test_component_classes_are_named_after_what_they_are(base: str) -> None:
    ending = base.removeprefix("Event")

    misnamed = [
        f"{name_of(file)}:{node.lineno}: {node.name}"
        for file in MODULES
        for node in classes_of(file, base)
        if base != "Settings" and not node.name.endswith(ending)
    ]

    assert misnamed == []


@each_plugin_module
def test_plugin_imports_public_modules_of_the_core_and_no_other_plugin(file: Path) -> None:
    own = file.relative_to(ROOT).parts[3]

    foreign = [f"{name_of(file)}:{line}: {name}" for line, name in imports_of(file) if not may_import(own, name)]

    assert foreign == []


def may_import(own: str, name: str) -> bool:
    package, *inner = name.split(".")
    if package == "alert_core":
        return not any(part in NOT_FOR_PLUGINS or part.startswith("_") for part in inner)
    return package == own or not package.startswith("alert_")


@pytest.mark.parametrize("file", sorted((ROOT / "core/src/alert_core/builtin").glob("*.py")), ids=name_of)
def test_builtin_plugin_uses_what_any_plugin_may_use(file: Path) -> None:
    foreign = [
        f"{name_of(file)}:{line}: {name}"
        for line, name in imports_of(file)
        if not name.startswith("alert_core.builtin") and not may_import("alert_core.builtin", name)
    ]

    assert foreign == []


def test_suppressions_are_rare() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in SOURCES)

    suppressions = len(re.findall(r"# (?:noqa|type: ignore|pragma: no cover)", text))

    assert suppressions <= SUPPRESSIONS_PER_1000_LINES * text.count("\n") / 1000


@pytest.mark.parametrize("file", sorted((ROOT / "changelog.d").glob("*/*")), ids=name_of)
def test_changelog_fragment_is_named_and_written_well(file: Path) -> None:
    match = FRAGMENT.fullmatch(file.relative_to(ROOT / "changelog.d").as_posix())
    text = file.read_text(encoding="utf-8")

    assert match, "expected changelog.d/<distribution>/<slug>.<added|changed|fixed|removed|security>.md"
    places = [ROOT / "core"] if match["distribution"] == "alert-core" else list(ROOT.glob(f"plugins*/{match['distribution']}"))
    assert [place for place in places if place.is_dir()], f"there is no distribution {match['distribution']}"
    assert text == text.strip() + "\n"
    assert text.rstrip().endswith(".")
