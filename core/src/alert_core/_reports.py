"""What became of each plugin, in words for a person."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pluggy

from alert_core._discovery import Found
from alert_core._known import KNOWN
from alert_core.errors import ConfigError, PluginLoadError

__all__ = ["PluginReport", "Status", "advice", "check_required", "origin", "phrase", "report", "warn"]

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


def report(found: Found, **facts: Any) -> PluginReport:
    """What there is to say about a plugin, wherever it was found."""
    return PluginReport(name=found.name, distribution=found.distribution, version=found.version, **facts)


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


def warn(report: PluginReport) -> None:
    """Log what is wrong with a plugin, once, when it is found out."""
    logger.warning(
        "%s", PluginLoadError(report.error, plugin=report.name, distribution=report.distribution, version=report.version)
    )


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
