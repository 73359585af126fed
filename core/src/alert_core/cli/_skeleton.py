"""The files of a new plugin, made from the templates beside this module."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from alert_core._known import KNOWN
from alert_core.errors import ConfigError

__all__ = ["KINDS", "LICENSES", "NewPlugin", "files_of"]

KINDS = ("action", "condition", "source", "format")
LICENSES = ("Apache-2.0", "MIT", "BSD-3-Clause", "proprietary")

_TEMPLATES = Path(__file__).with_name("_skeletons")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TAKEN = {*KNOWN, "core", "all", "demo", "builtin"}
_SUMMARIES = {
    "action": "Tells about security alert notifications by {label}.",
    "condition": "Decides by {label} when a security alert notification is due.",
    "source": "Reads security events by {label}.",
    "format": "Reads security events in the format {label}.",
}
_EXAMPLES = {
    "action": '[actions.example]\ntype = "{name}"\nhost = "receiver.example.com"\nport = 7000\n',
    "condition": '[conditions.example]\ntype = "{name}"\nevent_types = ["auth-failure"]\ncount = 3\n',
    "source": '[sources.example]\ntype = "{name}"\npath = "/var/lib/example/records.txt"\nformat = "json"\n',
    "format": '[sources.example]\ntype = "file"\npath = "/var/log/example.log"\nformat = "{name}"\n',
}


@dataclass(frozen=True, kw_only=True)
class NewPlugin:
    """What is to be written.

    Attributes:
        name: The type in `alert.toml`, such as `pager`.
        kind: One of `KINDS`.
        license: One of `LICENSES`.
        author: Whom the licence names.
    """

    name: str
    kind: str
    license: str
    author: str

    def __post_init__(self) -> None:
        if self.name.startswith("alert-"):
            raise ConfigError(f"{self.name!r} begins with alert-", hint=f"write {self.name.removeprefix('alert-')!r}")
        if not _NAME.fullmatch(self.name) or len(self.name) > 40:
            hint = "use at most 40 lower case letters, digits and single hyphens, a letter first"
            raise ConfigError(f"{self.name!r} cannot be the name of a plugin", hint=hint)
        if self.name in _TAKEN:
            raise ConfigError(f"the name {self.name!r} is taken by alert-{self.name}", hint="choose another")
        if not self.author.strip() or not self.author.isprintable():
            raise ConfigError("the author must be a name on one line")

    @property
    def distribution(self) -> str:
        """What users install."""
        return f"alert-{self.name}"

    @property
    def module(self) -> str:
        """What Python imports."""
        return self.distribution.replace("-", "_")


def files_of(plugin: NewPlugin) -> dict[str, str]:
    """Relative path -> content, for every file of a new distribution."""
    package = f"src/{plugin.module}"
    templates = {
        "pyproject.toml": "common/pyproject.toml.jinja",
        "README.md": "common/README.md.jinja",
        "LICENSE": f"licenses/{_identifier(plugin)}.txt",
        f"{package}/__init__.py": "common/__init__.py.jinja",
        f"{package}/plugin.py": f"{plugin.kind}/plugin.py.jinja",
        f"{package}/settings.py": f"{plugin.kind}/settings.py.jinja",
        f"{package}/conformance.py": f"{plugin.kind}/conformance.py.jinja",
        "tests/test_conformance.py": "common/test_conformance.py.jinja",
    }
    words = _words(plugin)
    return {f"{package}/py.typed": "", **{path: _filled(template, words) for path, template in templates.items()}}


def _filled(template: str, words: Mapping[str, str]) -> str:
    from jinja2 import Environment, StrictUndefined

    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    # They are our own, and become code and prose, not markup.
    return Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False).from_string(text).render(words)  # noqa: S701


def _words(plugin: NewPlugin) -> dict[str, str]:
    words = plugin.name.split("-")
    label = " ".join(words)
    major, minor = version("alert-core").split(".")[:2]
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "module": plugin.module,
        "prefix": "".join(word.capitalize() for word in words),
        "suffix": plugin.kind.capitalize(),
        "label": label.capitalize(),
        "summary": _SUMMARIES[plugin.kind].format(label=label),
        "example": _EXAMPLES[plugin.kind].format(name=plugin.name),
        "license": _identifier(plugin),
        "author": plugin.author.strip(),
        "author_quoted": json.dumps(plugin.author.strip(), ensure_ascii=False),
        "year": str(datetime.now(UTC).year),
        "core": f"alert-core>={major}.{minor},<{max(int(major) + 1, 2)}",
    }


def _identifier(plugin: NewPlugin) -> str:
    """The licence as SPDX names it."""
    return "LicenseRef-Proprietary" if plugin.license == "proprietary" else plugin.license
