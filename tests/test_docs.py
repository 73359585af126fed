"""The manual cannot go stale: what is public has its heading, what is shown is valid, what is linked is there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from alert_core import errors, hookspecs
from alert_core.cli.main import main
from alert_core.plugins import Plugins

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [
    page
    for page in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") or part == "changelog.d" for part in page.relative_to(ROOT).parts)
]


def text_of(page: str) -> str:
    file = DOCS / page
    assert file.is_file(), f"docs/{page} is missing"
    return file.read_text(encoding="utf-8")


def headings_of(page: str) -> list[str]:
    """Return the headings of a page without markup, such as `alert run` of "## `alert run`"."""
    return [line.lstrip("# ").replace("`", "") for line in text_of(page).splitlines() if re.match(r"#{2,4} ", line)]


def missing(page: str, names: list[str]) -> list[str]:
    """Return the names that no heading of a page begins with."""
    first_words = [heading.split(" (")[0].split("(")[0] for heading in headings_of(page)]
    return [name for name in names if name not in first_words]


def test_every_hook_has_a_heading() -> None:
    assert missing("hooks.md", hookspecs.__all__) == []


def test_every_error_class_has_a_heading() -> None:
    assert missing("errors.md", list(errors.__all__)) == []


def test_every_command_has_a_heading() -> None:
    assert missing("cli.md", sorted(f"alert {path}" for path in commands_of(main))) == []


def commands_of(group: click.Group, before: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        path = f"{before}{name}"
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{path} ")
        elif command is not None and not command.hidden:
            yield path


def test_every_setting_of_every_type_is_described() -> None:
    plugins = Plugins.load()

    absent = [
        f"{kind} type {name!r}: {problem}"
        for kind, registry in (
            ("source", plugins.sources),
            ("format", plugins.formats),
            ("condition", plugins.conditions),
            ("action", plugins.actions),
        )
        for name in sorted(registry)
        for problem in undescribed(name, list(registry[name].settings_model.model_fields))
    ]
    assert absent == []


def undescribed(name: str, settings: list[str]) -> list[str]:
    """Say which settings the sections about a type show neither as `setting` nor as a key in an example."""
    sections = sections_about(name)
    if not sections:
        return ["no page in docs/ has a heading with its name"]
    return [f"no word about {setting!r}" for setting in settings if not re.search(rf"`{setting}[`.]|\b{setting} *=", sections)]


def sections_about(name: str) -> str:
    """Return the text of all sections of the manual whose heading holds a name as a whole word."""
    pattern = rf"^(#+) [^\n]*(?<![\w-]){re.escape(name)}(?![\w-])[^\n]*\n(.*?)(?=^#{{1,2}} |\Z)"
    pages = (page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    return "".join(match[2] for text in pages for match in re.finditer(pattern, text, flags=re.M | re.S))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_toml_blocks_are_toml(page: Path) -> None:
    for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.S):
        tomllib.loads(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))

    broken = [target for target in targets if not (page.parent / target).exists()]

    assert broken == []
