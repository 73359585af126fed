"""`Plugins`, the one door to everything that plugins bring; nothing else in the framework calls a hook.

Every plugin has a hook manager of its own. Whatever one does wrong - an import that fails, a hook that does not fit, a call
that raises - takes out that plugin alone, and its `PluginReport` says why.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from alert_core import hookspecs
from alert_core._discovery import Choice, Found, find
from alert_core._registry import Registry, check_component
from alert_core._reports import PluginReport, Reports, advice, check_required, load_error, phrase
from alert_core.components import Action, Component, Condition, EventSource, Format
from alert_core.hooks import PROJECT
from alert_core.model import Delivery, Notification
from alert_core.tables import ActionKeys, ConditionKeys, FormatKeys, SourceKeys

if TYPE_CHECKING:
    import click

    from alert_core.config import Config

__all__ = ["PluginReport", "Plugins"]

logger = logging.getLogger(__name__)

_KINDS: dict[str, tuple[type[Component[Any]], frozenset[str]]] = {
    "source": (EventSource, frozenset(SourceKeys.model_fields)),
    "format": (Format, frozenset(FormatKeys.model_fields)),
    "condition": (Condition, frozenset(ConditionKeys.model_fields)),
    "action": (Action, frozenset(ActionKeys.model_fields)),
}
_HOOK_NAMES = frozenset(hookspecs.__all__)


class _Plugin:
    """One loaded plugin, behind a hook manager of its own."""

    def __init__(self, found: Found, *, types: bool, complete: bool) -> None:
        self.found = found
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        plugin = found.load()
        self._manager.register(plugin, found.name)
        self._manager.check_pending()
        self._check_markers(plugin)
        self.components = {kind: self._components(kind) if types else {} for kind in _KINDS}
        for cls in self.classes() if complete else ():
            cls.settings_model.model_rebuild()

    def implements(self, hook: str) -> bool:
        """Whether the plugin has that hook."""
        return bool(getattr(self._manager.hook, hook).get_hookimpls())

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call one hook; a list of one answer, or the answer itself for hooks that ask (firstresult)."""
        return getattr(self._manager.hook, hook)(**arguments)

    def collect(self, hook: str) -> Sequence[Any]:
        """What a registration hook offers; empty when the plugin lacks the hook."""
        if not self.implements(hook):
            return ()
        answers = self.call(hook)
        answer = answers[0] if answers else None
        if not isinstance(answer, list | tuple):
            raise TypeError(f"{hook}() returned {type(answer).__name__}, not a list")
        return answer

    @property
    def types(self) -> dict[str, tuple[str, ...]]:
        """The names that it offers, by kind."""
        return {kind: tuple(components) for kind, components in self.components.items() if components}

    def classes(self) -> list[type[Component[Any]]]:
        """Every component that it offers."""
        return [cls for types in self.components.values() for cls in types.values()]

    def commands(self) -> dict[str, click.Command]:
        """The commands that it offers, by name."""
        import click

        commands: dict[str, click.Command] = {}
        for command in self.collect("alert_register_commands"):
            if not isinstance(command, click.Command) or not command.name:
                raise TypeError(f"alert_register_commands() returned {command!r}, not a click command with a name")
            commands[command.name] = command
        return commands

    def _check_markers(self, plugin: object) -> None:
        bare = sorted(
            name for name in _HOOK_NAMES & set(dir(plugin)) if callable(getattr(plugin, name)) and not self.implements(name)
        )
        if bare:
            raise TypeError(f"{bare[0]}() is not marked with @hookimpl")
        if not any(self.implements(name) for name in _HOOK_NAMES):
            raise TypeError("it implements no hook")

    def _components(self, kind: str) -> dict[str, type[Component[Any]]]:
        base, reserved = _KINDS[kind]
        components: dict[str, type[Component[Any]]] = {}
        for cls in self.collect(f"alert_register_{kind}s"):
            check_component(cls, base, reserved)
            if cls.name in components:
                raise TypeError(f"it offers two {kind} types named {cls.name!r}")
            components[cls.name] = cls
        return components


class Plugins:
    """The plugins of one run and what they offer.

    Attributes:
        sources: Event source types by name.
        formats: Formats by name.
        conditions: Condition types by name.
        actions: Action types by name.
        unmatched: Names in `only` and `block` that no installed plugin has.
    """

    def __init__(self, plugins: Sequence[_Plugin], *, reports: Reports, unmatched: Iterable[str] = ()) -> None:
        self._plugins = plugins
        self._reports = reports
        self._commands: dict[str, click.Command] | None = None
        self._owners = {cls: plugin.found.name for plugin in plugins for cls in plugin.classes()}
        self.unmatched = tuple(sorted(unmatched))
        self.sources: Registry[EventSource[Any]] = self._registry("source")
        self.formats: Registry[Format[Any]] = self._registry("format")
        self.conditions: Registry[Condition[Any]] = self._registry("condition")
        self.actions: Registry[Action[Any]] = self._registry("action")

    @classmethod
    def load(
        cls,
        *,
        only: Iterable[str] | None = None,
        block: Iterable[str] = (),
        require: Iterable[str] = (),
        files: Sequence[Path] = (),
        objects: Mapping[str, object] | None = None,
        types: bool = True,
        complete: bool = True,
    ) -> Plugins:
        """Find, import and check the plugins.

        The environment variables `ALERT_PLUGINS_ONLY` (replaces `only`) and `ALERT_PLUGINS_BLOCK` (adds to `block`) hold names
        with commas between them. Neither applies to the built-in plugin, and `only` not to files and objects given here.

        Args:
            only: Names of the plugins to load; `None`: all. Others are not imported.
            block: Names of plugins that are not imported.
            require: Names of plugins that must work.
            files: Plugins in single files that need no packaging.
            objects: Plugins that are there already, by name.
            types: Whether plugins are asked what types they offer; not needed for `commands` alone.
            complete: Whether settings models are built now, so that faulty ones are found. It takes a while; see `Settings`.
                Otherwise each is built when its type is looked up with `find`.

        Raises:
            ConfigError: A required plugin is missing or broken; the text names all of them.
        """
        choice = Choice.of(only, block)
        candidates = find(files, objects)
        loaded: list[_Plugin] = []
        reports = Reports()
        for found in candidates:
            reason = choice.refuses(found)
            if reason:
                reports.add(found, status="blocked", error=reason)
                continue
            # A plugin may fail in any way while it is imported, even by sys.exit(); the others must go on.
            try:
                plugin = _Plugin(found, types=types, complete=complete)
            except (Exception, SystemExit) as error:  # noqa: BLE001
                reports.add(found)
                reports.add_fault(found, "broken", phrase(error))
            else:
                reports.add(found, types=plugin.types)
                loaded.append(plugin)
        names = {found.name for found in candidates}
        plugins = cls(loaded, reports=reports, unmatched=choice.named - names)
        check_required(plugins.reports, require)
        return plugins

    @property
    def reports(self) -> tuple[PluginReport, ...]:
        """What became of each plugin, the built-in one first, the others by name."""
        return self._reports.all

    def owner(self, cls: type[Component[Any]]) -> str:
        """Name of the plugin that brought a component class."""
        return self._owners[cls]

    def commands(self) -> Mapping[str, click.Command]:
        """The commands that plugins add to `alert`, by name. Asks the plugins on first use, because it imports click."""
        if self._commands is None:
            self._commands = self._collect_commands()
        return self._commands

    def configured(self, config: Config) -> None:
        """Tell every plugin that a configuration is about to be used."""
        self._tell("alert_configured", config=config)

    def delivered(self, delivery: Delivery) -> None:
        """Tell every plugin about an attempt."""
        self._tell("alert_delivered", delivery=delivery)

    def suppress(self, notification: Notification, action: str) -> str | None:
        """Why a delivery must not happen, from the first plugin that has a reason. A raising one has none."""
        for plugin in self._plugins:
            try:
                reason = plugin.call("alert_suppress", notification=notification, action=action)
            except Exception as error:
                # Fail open: a fault in a plugin must never keep a notification from people.
                logger.exception("plugin %r: alert_suppress raised %s; delivering", plugin.found.name, type(error).__name__)
                continue
            if isinstance(reason, str) and reason:
                return reason
        return None

    def resolve_secret(self, reference: Mapping[str, str]) -> str | None:
        """The value behind a reference, from the first plugin that knows it."""
        for plugin in self._plugins:
            try:
                value = plugin.call("alert_resolve_secret", reference=reference)
            except Exception as error:  # noqa: BLE001
                # Neither the text nor the traceback is logged: both may hold the secret.
                logger.error("plugin %r: alert_resolve_secret raised %s", plugin.found.name, type(error).__name__)
                continue
            if isinstance(value, str):
                return value
        return None

    def _tell(self, hook: str, **arguments: Any) -> None:
        for plugin in self._plugins:
            # Who only listens can do no harm, whatever it raises.
            try:
                plugin.call(hook, **arguments)
            except Exception as error:
                logger.exception("plugin %r: %s raised %s", plugin.found.name, hook, type(error).__name__)

    def _registry(self, kind: str) -> Registry[Any]:
        offers: dict[str, list[_Plugin]] = {}
        for plugin in self._plugins:
            for name in plugin.components[kind]:
                offers.setdefault(name, []).append(plugin)
        types = {name: plugins[0].components[kind][name] for name, plugins in offers.items() if len(plugins) == 1}
        conflicts = {
            name: self._reports.add_conflict(f"{kind} type {name!r}", [plugin.found for plugin in plugins])
            for name, plugins in offers.items()
            if len(plugins) > 1
        }
        return Registry(
            kind, types=types, conflicts=conflicts, prepare=self._prepare, hint=lambda name: advice(self.reports, name)
        )

    def _prepare(self, cls: type[Component[Any]]) -> None:
        """Build a settings model that was left until somebody uses it."""
        try:
            cls.settings_model.model_rebuild()
        # What stands in a model is the plugin's; whatever is wrong with it concerns nobody who does not use it.
        except Exception as error:
            found = next(plugin.found for plugin in self._plugins if cls in plugin.classes())
            raise load_error(found, f"the settings of {cls.name!r} are faulty: {phrase(error)}") from error

    def _collect_commands(self) -> dict[str, click.Command]:
        offers: dict[str, list[tuple[Found, click.Command]]] = {}
        for plugin in self._plugins:
            found = plugin.found
            # Asked late, when the plugin's types are in use already; a fault here takes out its commands only.
            try:
                commands = plugin.commands()
            except Exception as error:  # noqa: BLE001
                self._reports.add_fault(found, "broken", f"commands: {phrase(error)}")
                continue
            if commands:
                self._reports.add_types(found, "command", tuple(commands))
            for name, command in commands.items():
                offers.setdefault(name, []).append((found, command))
        for name, rivals in offers.items():
            if len(rivals) > 1:
                self._reports.add_conflict(f"command {name!r}", [found for found, _ in rivals])
        return {name: rivals[0][1] for name, rivals in sorted(offers.items()) if len(rivals) == 1}
