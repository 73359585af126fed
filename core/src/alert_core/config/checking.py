"""What is valid and still would not work: the silent faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from alert_core.config.values import ActionConfig, ConditionConfig, Config, SourceConfig
from alert_core.errors import AlertError, SecretError
from alert_core.plugins import Plugins
from alert_core.settings import Secret, Settings

__all__ = ["Finding", "check"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that would silently not work.

    Attributes:
        severity: `error`: a notification would be lost; `warning`: something probably is not as it was meant.
        key: Dotted key in the configuration.
        text: What it is, as a phrase.
        hint: What to do about it, as a phrase.
    """

    severity: Literal["error", "warning"]
    key: str
    text: str
    hint: str = ""


def check(config: Config, plugins: Plugins) -> list[Finding]:
    """Look for silent faults in a valid configuration; errors first."""
    findings = [*_plugins(plugins), *_structure(config), *_templates(config), *_components(config, plugins)]
    return sorted(findings, key=lambda finding: finding.severity)


def _plugins(plugins: Plugins) -> Iterator[Finding]:
    for report in plugins.reports:
        if report.status in ("broken", "conflict"):
            origin = f" ({report.distribution} {report.version})".replace(" )", ")") if report.distribution else ""
            hint = "repair or uninstall it, or name it in plugins.block"
            yield Finding(severity="error", key="plugins", text=f"plugin {report.name!r}{origin}: {report.error}", hint=hint)
    for name in plugins.unmatched:
        yield Finding(
            severity="warning", key="plugins", text=f"no installed plugin is named {name!r}", hint="see `alert plugins`"
        )


def _structure(config: Config) -> Iterator[Finding]:
    if not config.sources:
        text = "there is no source"
        yield Finding(
            severity="warning", key="sources", text=text, hint="`alert run` then sees only files named on its command line"
        )
    if not config.conditions:
        yield Finding(severity="warning", key="conditions", text="there is no condition", hint="nothing will ever be notified")
    used = {name for condition in config.conditions.values() for name in condition.actions}
    for name in config.actions:
        if name not in used:
            yield Finding(
                severity="warning", key=f"actions.{name}", text="no condition refers to it", hint="it will never be used"
            )
    for name, condition in config.conditions.items():
        if not condition.actions:
            text = "it has no actions"
            yield Finding(severity="warning", key=f"conditions.{name}", text=text, hint="it is logged and nobody is told")


def _templates(config: Config) -> Iterator[Finding]:
    written = [
        (f"conditions.{name}.{part}", text)
        for name, condition in config.conditions.items()
        for part, text in (("subject", condition.subject), ("body", condition.body))
        if text
    ]
    if not written:
        return
    from jinja2 import TemplateSyntaxError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment()
    for key, text in written:
        try:
            environment.parse(text)
        except TemplateSyntaxError as error:
            problem = f"the template is wrong in line {error.lineno}: {error.message}"
            yield Finding(severity="error", key=key, text=problem.rstrip("."), hint="until then the words of the type are sent")


def _components(config: Config, plugins: Plugins) -> Iterator[Finding]:
    for section, tables in (("sources", config.sources), ("conditions", config.conditions), ("actions", config.actions)):
        for name, table in tables.items():
            key = f"{section}.{name}"
            yield from _secrets(table.settings, key, plugins)
            yield from _complaints(key, config, table)
            if isinstance(table, SourceConfig):
                yield from _secrets(table.format.settings, f"{key}.format", plugins)


def _complaints(key: str, config: Config, table: SourceConfig | ConditionConfig | ActionConfig) -> Iterator[Finding]:
    """What the component itself has to say about its settings."""
    try:
        complaints: Sequence[str] = table.cls(table.settings, config.context(table)).check()
    except AlertError as error:
        complaints = [str(error)]
    # Plugin code, on the way to a report: a raising one is a finding, not the end of the check.
    except Exception as error:  # noqa: BLE001
        yield Finding(severity="error", key=key, text=f"its plugin raised {type(error).__name__} while it was checked")
        return
    for text in complaints:
        yield Finding(severity="warning", key=key, text=text)


def _secrets(settings: Settings, key: str, plugins: Plugins) -> Iterator[Finding]:
    for path, secret in _walk(settings, key):
        try:
            secret.resolve(plugins.resolve_secret)
        except SecretError as error:
            yield Finding(severity="error", key=path, text=error.problem, hint=error.hint)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Secret]]:
    """Every secret in some settings, with its dotted key."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, item in value:
            yield from _walk(item, f"{path}.{name}")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]")
