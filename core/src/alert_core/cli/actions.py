"""`alert action`: what can be done with one configured action."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alert_core.cli._common import FAILED, Group, config_option, configured, json_option, print_json, printable
from alert_core.errors import AlertError, ConfigError

if TYPE_CHECKING:
    from alert_core.config import ActionConfig, Config
    from alert_core.model import CheckResult
    from alert_core.plugins import Plugins

__all__ = ["action"]


@click.group(cls=Group)
def action() -> None:
    """Do something with one configured action."""


@action.command(name="test")
@click.argument("name")
@config_option
@json_option
def try_out(name: str, config_path: Path, as_json: bool) -> None:
    """Send a marked sample through the action NAME and say how it went.

    Exits with 1 when it was not taken.
    """
    config, plugins = configured(config_path, complete=False)
    chosen = _chosen(config, name)
    result = _tested(chosen, config, plugins)
    if as_json:
        print_json({"action": name, "type": chosen.type, "ok": result.ok, "detail": result.detail, "seconds": result.seconds})
    else:
        verdict = click.style("ok", fg="green") if result.ok else click.style("failed", fg="red", bold=True)
        click.echo(f"{printable(name)} ({printable(chosen.type)}): {verdict} after {result.seconds:.2f} s")
        click.echo(f"  {printable(result.detail)}")
    if not result.ok:
        raise SystemExit(FAILED)


def _chosen(config: Config, name: str) -> ActionConfig:
    from alert_core.config import did_you_mean

    try:
        return config.actions[name]
    except KeyError:
        raise ConfigError(f"no action is named {name!r}", hint=did_you_mean(name, config.actions, "actions")) from None


def _tested(chosen: ActionConfig, config: Config, plugins: Plugins) -> CheckResult:
    """What the Test button says, at the latest when the action's time is over."""
    from alert_core.model import CheckResult

    results: list[CheckResult] = []
    # A thread that hangs must not keep the command from ending.
    worker = threading.Thread(target=lambda: results.append(_test(chosen, config, plugins)), daemon=True)
    worker.start()
    worker.join(chosen.timeout_seconds)
    if results:
        return results[0]
    return CheckResult(ok=False, detail=f"no answer within {chosen.timeout_seconds:g} seconds", seconds=chosen.timeout_seconds)


def _test(chosen: ActionConfig, config: Config, plugins: Plugins) -> CheckResult:
    from alert_core.model import CheckResult
    from alert_core.runtime._redact import WatchedContext, one_line

    context = WatchedContext(**vars(config.context(chosen, plugins.resolve_secret)))
    started = time.monotonic()
    try:
        instance = chosen.cls(chosen.settings, context)
        try:
            result = instance.test()
        finally:
            instance.close()
    except AlertError as error:
        result = CheckResult(ok=False, detail=str(error), seconds=time.monotonic() - started)
    # Plugin code may raise anything; the person who pressed the button wants to see it.
    except Exception as error:  # noqa: BLE001
        text = f"the plugin raised {type(error).__name__}: {error}"
        result = CheckResult(ok=False, detail=text, seconds=time.monotonic() - started)
    return CheckResult(ok=result.ok, detail=one_line(result.detail, context.revealed), seconds=result.seconds)
