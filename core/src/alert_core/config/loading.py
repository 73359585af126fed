"""From files to a `Config`, or to every fault that keeps them from being one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from alert_core._registry import Registry
from alert_core.components import Component
from alert_core.config._documents import Documents, Table, documents_of, read_documents
from alert_core.config._faults import Faults, did_you_mean
from alert_core.config._revision import digest
from alert_core.config._validation import validate
from alert_core.config.options import store_config
from alert_core.config.values import ActionConfig, ConditionConfig, Config, FormatConfig, SourceConfig
from alert_core.errors import PluginConflictError, PluginLoadError, UnknownTypeError
from alert_core.filters import compile_filter
from alert_core.plugins import Plugins
from alert_core.settings import Settings
from alert_core.tables import ActionKeys, ConditionKeys, FormatKeys, PluginKeys, SourceKeys, StoreKeys

__all__ = ["load", "load_typed"]

ComponentT = TypeVar("ComponentT", bound=Component[Any])
KeysT = TypeVar("KeysT", bound=Settings)


def load(path: Path | Documents, plugins: Plugins) -> Config:
    """Read `alert.toml` and its drop-ins, and check everything in them.

    Args:
        path: The file, or the folder that it is in, or what was read from it already.
        plugins: Whose types the configuration may use.

    Raises:
        ConfigError: It is wrong; `errors` holds every fault.
    """
    return _built(path if isinstance(path, Documents) else read_documents(path), plugins)


def load_typed(sections: Mapping[str, Any], plugins: Plugins, *, shown: str) -> Config:
    """The configuration that somebody typed instead of writing it into a file.

    Args:
        sections: Its tables.
        plugins: Whose types it may use.
        shown: What errors name instead of a file.

    Raises:
        ConfigError: It is wrong; `errors` holds every fault.
    """
    return _built(documents_of(sections, shown), plugins)


def _built(documents: Documents, plugins: Plugins) -> Config:
    faults = Faults(documents.faults)
    config = _Builder(documents, plugins=plugins, faults=faults).build()
    faults.raise_if_any()
    return config


class _Builder:
    """Turns tables into values; what cannot be turned becomes a fault and is left out."""

    def __init__(self, documents: Documents, *, plugins: Plugins, faults: Faults) -> None:
        self.documents, self.plugins, self.faults = documents, plugins, faults

    def build(self) -> Config:
        validate(PluginKeys, table=self.documents.single["plugins"], faults=self.faults)
        store = validate(StoreKeys, table=self.documents.single["store"], faults=self.faults) or StoreKeys()
        self._check_defaults()
        return Config(
            folder=self.documents.folder,
            files=self.documents.files,
            store=store_config(store, self.documents),
            sources=dict(self._sources()),
            conditions=dict(self._conditions()),
            actions=dict(self._actions()),
        )

    def _sources(self) -> Iterator[tuple[str, SourceConfig]]:
        for name, table in self.documents.named["sources"].items():
            built = self._component(table, self.plugins.sources, SourceKeys)
            if built:
                cls, keys, settings, whole = built
                fmt = self._format(name, whole, cls.default_format if keys.format == "" else keys.format)
                if fmt:
                    yield name, SourceConfig(name=name, type=keys.type, cls=cls, settings=settings, file=table.file, format=fmt)

    def _format(self, name: str, source: Table, written: str | Mapping[str, Any]) -> FormatConfig | None:
        place = source.place("format")
        values = {"type": written} if isinstance(written, str) else written
        table = Table(file=place["file"], key=place["key"], values=values)
        built = self._component(table, self.plugins.formats, FormatKeys, type_path="" if isinstance(written, str) else "type")
        if not built:
            return None
        cls, keys, settings, _ = built
        inner = getattr(settings, "format", None)
        if inner is not None and self._format(name, table, inner) is None:
            return None
        formats = self.plugins.formats
        return FormatConfig(name=name, type=keys.type, cls=cls, settings=settings, file=table.file, formats=formats)

    def _conditions(self) -> Iterator[tuple[str, ConditionConfig]]:
        for name, table in self.documents.named["conditions"].items():
            built = self._component(table, self.plugins.conditions, ConditionKeys)
            if built:
                cls, keys, settings, whole = built
                self._check_where(keys.where, whole)
                self._check_actions(keys.actions, whole)
                deciding = (keys.type, settings, keys.where, keys.damper, keys.damper_per)
                words = (keys.actions, keys.subject, keys.body, keys.severity, keys.creator)
                yield (
                    name,
                    ConditionConfig(
                        name=name,
                        cls=cls,
                        settings=settings,
                        file=table.file,
                        **dict(keys),
                        revision=digest(deciding, words),
                        state_revision=digest(deciding),
                    ),
                )

    def _actions(self) -> Iterator[tuple[str, ActionConfig]]:
        for name, table in self.documents.named["actions"].items():
            built = self._component(table, self.plugins.actions, ActionKeys)
            if built:
                cls, keys, settings, _ = built
                yield name, ActionConfig(name=name, cls=cls, settings=settings, file=table.file, **dict(keys))

    def _component(
        self, table: Table, registry: Registry[ComponentT], keys_model: type[KeysT], *, type_path: str = "type"
    ) -> tuple[type[ComponentT], KeysT, Settings, Table] | None:
        """The class behind a table, the keys that the core reads, the plugin's settings, and the table with its defaults."""
        cls = self._find(table, registry, type_path)
        if cls is None:
            return None
        common, own = frozenset(keys_model.model_fields), frozenset(cls.settings_model.model_fields)
        defaults = self.documents.named["defaults"].get(cls.name)
        whole = table.over(defaults, (common | own) - {"type"})
        keys = validate(keys_model, table=_part(whole, common), faults=self.faults)
        settings = validate(
            cls.settings_model, table=_part(whole, frozenset(whole.values) - common), faults=self.faults, also=common
        )
        return None if keys is None or settings is None else (cls, keys, settings, whole)

    def _find(self, table: Table, registry: Registry[ComponentT], type_path: str) -> type[ComponentT] | None:
        name = table.values.get("type")
        place = table.place(type_path)
        if not isinstance(name, str):
            self.faults.add("is missing" if name is None else "must be a string", **place)
            return None
        try:
            return registry.find(name)
        except UnknownTypeError as error:
            self.faults.keep(UnknownTypeError(error.problem, **place, hint=error.hint))
        except PluginConflictError as error:
            self.faults.add(str(error), **place, hint="set plugins.block")
        except PluginLoadError as error:
            self.faults.add(str(error), **place, hint="repair or uninstall it")
        return None

    def _check_where(self, where: Mapping[str, Any], table: Table) -> None:
        # The engine reads configurations, so it cannot be imported before this module is complete.
        for field, value in where.items():
            try:
                compile_filter(field, value)
            except ValueError as error:
                self.faults.add(str(error), **table.place(f"where.{field}"))

    def _check_actions(self, names: tuple[str, ...], table: Table) -> None:
        configured = self.documents.named["actions"]
        for index, name in enumerate(names):
            place = table.place(f"actions[{index}]")
            if name not in configured:
                self.faults.add(f"no action is named {name!r}", **place, hint=did_you_mean(name, configured, "actions"))
            elif name in names[:index]:
                self.faults.add(f"{name!r} is named twice", **place)

    def _check_defaults(self) -> None:
        """Defaults that no installed type could ever use are typing errors."""
        registries: tuple[tuple[Registry[Any], type[Settings]], ...] = (
            (self.plugins.sources, SourceKeys),
            (self.plugins.formats, FormatKeys),
            (self.plugins.conditions, ConditionKeys),
            (self.plugins.actions, ActionKeys),
        )
        for name, table in self.documents.named["defaults"].items():
            users = [(registry[name], keys) for registry, keys in registries if name in registry]
            valid = {key for cls, keys in users for model in (cls.settings_model, keys) for key in model.model_fields} - {
                "type"
            }
            if not users:
                offered = [other for registry, _ in registries for other in registry]
                self.faults.add(
                    f"no installed plugin offers a type {name!r}", **table.place(), hint=did_you_mean(name, offered, "types")
                )
            for key in table.values if users else ():
                if key not in valid:
                    self.faults.add("unknown key", **table.place(key), hint=did_you_mean(key, valid, "keys"))


def _part(table: Table, names: frozenset[str]) -> Table:
    return replace(table, values={name: value for name, value in table.values.items() if name in names})
