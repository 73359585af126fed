"""What became of each plugin, in words for a person."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pluggy

from alert_core._discovery import Found
from alert_core._known import KNOWN
from alert_core.errors import ConfigError, PluginConflictError, PluginLoadError

__all__ = ["PluginReport", "Reports", "Status", "advice", "check_required", "load_error", "origin", "phrase"]

logger = logging.getLogger("alert_core.plugins")

Status = Literal["ok", "broken", "blocked", "conflict"]
_LONGEST_ERROR = 400


@dataclass(frozen=True, kw_only=True)
class PluginReport:
    """What became of one plugin.

    Attributes:
        name: Its entry point's name.
        distribution: What to `pip uninstall`; empty for the built-in plugin.
        version: Of the distribution.
        status: `ok`; `broken`: it is left out; `blocked`: it was not imported; `conflict`: what is named is unusable.
        types: Kind (`source`, `format`, `condition`, `action`, `command`) -> names it offers.
        error: Why it is not `ok`.
    """

    name: str
    distribution: str = ""
    version: str = ""
    status: Status = "ok"
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""


class Reports:
    """What became of all plugins, in the order in which they were found; what goes wrong later is added."""

    def __init__(self) -> None:
        self._reports: dict[Found, PluginReport] = {}

    @property
    def all(self) -> tuple[PluginReport, ...]:
        """One for each plugin."""
        return tuple(self._reports.values())

    def add(self, found: Found, **facts: Any) -> None:
        """Say the first that there is to say about a plugin."""
        self._reports[found] = PluginReport(name=found.name, distribution=found.distribution, version=found.version, **facts)

    def add_types(self, found: Found, kind: str, names: tuple[str, ...]) -> None:
        """Say what more a plugin offers."""
        report = self._reports[found]
        self._reports[found] = replace(report, types={**report.types, kind: names})

    def add_fault(self, found: Found, status: Status, problem: str) -> None:
        """Say what is wrong with a plugin, in the log as well."""
        before = self._reports[found].error
        error = f"{before}; {problem}" if before else problem
        self._reports[found] = replace(self._reports[found], status=status, error=error)
        logger.warning("%s", load_error(found, error))

    def add_conflict(self, what: str, rivals: Sequence[Found]) -> PluginConflictError:
        """Say with each of several plugins that the others offer the same."""
        for found in rivals:
            others = ", ".join(origin(rival) for rival in rivals if rival is not found)
            self.add_fault(found, "conflict", f"{what} is also offered by {others}")
        first, *rest = rivals
        others = ", ".join(origin(rival) for rival in rest)
        return PluginConflictError(
            f"{what} is also offered by {others}; neither is used until one is blocked or uninstalled",
            plugin=first.name,
            distribution=first.distribution,
            version=first.version,
        )


def origin(found: Found) -> str:
    """Which plugin, and where it came from."""
    place = f" ({found.distribution} {found.version})".replace(" )", ")") if found.distribution else ""
    return f"plugin {found.name!r}{place}"


def phrase(error: BaseException) -> str:
    """An exception as one line, with the plugin's own line of code where it helps."""
    text = " ".join(str(error).split())
    if len(text) > _LONGEST_ERROR:
        text = f"{text[:_LONGEST_ERROR]}..."
    if isinstance(error, pluggy.PluginValidationError):
        return text
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    last = Path(frames[-1].filename) if frames else Path(__file__)
    inside = last.parent == Path(__file__).parent
    place = "" if inside or not frames else f" ({last.name}, line {frames[-1].lineno})"
    # Our own checks raise these with a text that needs no more.
    kind = "" if inside and isinstance(error, TypeError | ImportError) else f"{type(error).__name__}: "
    return f"{kind}{text}{place}"


def load_error(found: Found, problem: str) -> PluginLoadError:
    """What is wrong with a plugin, as an error that says where it came from."""
    return PluginLoadError(problem, plugin=found.name, distribution=found.distribution, version=found.version)


def advice(reports: Iterable[PluginReport], name: str) -> str:
    """What to do about a type that is not there, as far as plugins explain it."""
    for known in reports:
        if known.name == name and known.status in ("broken", "blocked"):
            return f"the plugin {name!r} is {known.status}: {known.error}"
    distribution = KNOWN.get(name)
    return f"pip install {distribution}" if distribution else ""


def check_required(reports: Iterable[PluginReport], names: Iterable[str]) -> None:
    """Raise `ConfigError` with all required plugins that do not work."""
    statuses = {known.name: known.status for known in reports}
    missing = sorted(name for name in set(names) if statuses.get(name) != "ok")
    if missing:
        to_install = " ".join(KNOWN[name] for name in missing if name in KNOWN and name not in statuses)
        hint = f"pip install {to_install}" if to_install else "`alert plugins` says what is wrong"
        shown = ", ".join(repr(name) for name in missing)
        raise ConfigError(f"these required plugins do not work: {shown}", key="plugins.require", hint=hint)
