"""The JSON Schema of the whole configuration, with everything that the installed plugins add to it.

An editor that knows JSON Schema completes and checks `alert.toml` with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from alert_core._registry import Registry
from alert_core.plugins import Plugins
from alert_core.tables import ActionKeys, ConditionKeys, FormatKeys, PluginKeys, SourceKeys, StoreKeys

__all__ = ["schema_for"]

Schema = dict[str, Any]
_NAME = {"pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}


def schema_for(plugins: Plugins) -> Schema:
    """The schema of `alert.toml` and its drop-ins, for these plugins.

    Keys that a type requires are not required in its table, because they may stand in `[defaults.<type>]`.
    """
    writer = _Writer(plugins)
    sections = {
        "plugins": writer.of(PluginKeys),
        "store": writer.of(StoreKeys),
        "defaults": writer.defaults(),
        "sources": _named(writer.tables(plugins.sources, SourceKeys, format=writer.formats())),
        "conditions": _named(writer.tables(plugins.conditions, ConditionKeys)),
        "actions": _named(writer.tables(plugins.actions, ActionKeys)),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "alert.toml",
        "type": "object",
        "properties": sections,
        "additionalProperties": False,
        "$defs": writer.definitions,
    }


class _Writer:
    """Writes one schema for all models, so that models of one name in two plugins stay apart."""

    def __init__(self, plugins: Plugins) -> None:
        self._users: list[tuple[Registry[Any], type[BaseModel]]] = [
            (plugins.sources, SourceKeys),
            (plugins.formats, FormatKeys),
            (plugins.conditions, ConditionKeys),
            (plugins.actions, ActionKeys),
        ]
        self._formats = plugins.formats
        models = {registry[name].settings_model for registry, _ in self._users for name in registry}
        models |= {SourceKeys, FormatKeys, ConditionKeys, ActionKeys, PluginKeys, StoreKeys}
        ordered = sorted(models, key=lambda model: (model.__module__, model.__qualname__))
        references, written = models_json_schema([(model, "validation") for model in ordered], ref_template="#/$defs/{model}")
        self.definitions: Schema = written.get("$defs", {})
        self._references = {model: schema for (model, _), schema in references.items()}

    def of(self, model: type[BaseModel]) -> Schema:
        """The schema of one model."""
        schema = self._references[model]
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        return dict(self.definitions[name]) if name else dict(schema)

    def tables(self, registry: Registry[Any], keys: type[BaseModel], **replaced: Schema) -> Schema:
        """A table of any type of one kind: what the core reads in it and the settings of that type."""
        common = {**self.of(keys)["properties"], **replaced}
        choices = [self._table(registry[name], {**common, "type": {"const": name}}) for name in registry]
        # With no such type installed no table is valid, and JSON Schema does not allow an empty choice.
        return {"oneOf": choices} if choices else {"not": {}}

    def formats(self) -> Schema:
        """`format = "json"` or `format = { type = "json", ... }`."""
        names: Schema = {"enum": list(self._formats)}
        return {"anyOf": [names, self.tables(self._formats, FormatKeys)], "title": "Format"}

    def defaults(self) -> Schema:
        """`[defaults.<type>]`: whatever tables of that type may say, of any kind."""
        types: dict[str, Schema] = {}
        for registry, keys in self._users:
            for name in registry:
                properties = {**self.of(keys)["properties"], **self.of(registry[name].settings_model).get("properties", {})}
                properties.pop("type")
                types.setdefault(name, {"type": "object", "properties": {}, "additionalProperties": False})
                types[name]["properties"].update(properties)
        return {"type": "object", "properties": dict(sorted(types.items())), "additionalProperties": False}

    def _table(self, cls: type[Any], common: Mapping[str, Any]) -> Schema:
        settings = self.of(cls.settings_model)
        return {
            "title": cls.label,
            "description": cls.help,
            "type": "object",
            "properties": {**common, **settings.get("properties", {})},
            "required": ["type"],
            "additionalProperties": False,
        }


def _named(table: Schema) -> Schema:
    return {"type": "object", "propertyNames": _NAME, "additionalProperties": table}
